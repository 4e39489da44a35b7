//! What people prove themselves with.

use super::MemoryStore;
use crate::people::{ProofStore, Totp};
use crate::rules::conflict;
use crate::rules::doors::recovery_fits;
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::door::hash::SecretHash;
use domain::door::totp::TotpStep;
use domain::ids::{PersonId, SessionId};

#[async_trait]
impl ProofStore for MemoryStore {
    async fn password_change(
        &self,
        scope: &Scope,
        id: PersonId,
        from: &str,
        to: &str,
        keep: Option<SessionId>,
    ) -> Result<()> {
        self.write(|tables| {
            let all = &mut tables.people.row_mut(scope, id)?.all;
            if all.password != from {
                return Err(conflict("password of person", id));
            }
            to.clone_into(&mut all.password);
            tables.sessions.end_of(id, keep);
            Ok(())
        })
    }

    async fn totp_put(&self, scope: &Scope, id: PersonId, sealed: &[u8]) -> Result<()> {
        self.write(|tables| {
            let all = &mut tables.people.row_mut(scope, id)?.all;
            if all.person.second_factor {
                return Err(conflict("authenticator of person", id));
            }
            all.totp = Some(Totp {
                sealed: sealed.to_owned(),
                last: None,
            });
            Ok(())
        })
    }

    async fn totp_use(&self, scope: &Scope, id: PersonId, step: TotpStep) -> Result<()> {
        self.write(|tables| {
            let all = &mut tables.people.row_mut(scope, id)?.all;
            let later = |totp: &&mut Totp| totp.last.is_none_or(|last| last < step);
            let totp = all.totp.as_mut().filter(later);
            totp.ok_or_else(|| conflict("code of person", id))?.last = Some(step);
            all.person.second_factor = true;
            Ok(())
        })
    }

    async fn totp_clear(&self, scope: &Scope, id: PersonId, keep: Option<SessionId>) -> Result<()> {
        self.write(|tables| {
            let row = tables.people.row_mut(scope, id)?;
            if row.all.totp.take().is_none() {
                return Err(conflict("authenticator of person", id));
            }
            row.all.person.second_factor = false;
            row.codes.clear();
            tables.sessions.end_of(id, keep);
            Ok(())
        })
    }

    async fn recovery_put(&self, scope: &Scope, id: PersonId, codes: &[SecretHash]) -> Result<()> {
        recovery_fits(codes.len())?;
        self.write(|tables| {
            let row = tables.people.row_mut(scope, id)?;
            row.codes = codes.iter().map(|code| (*code, false)).collect();
            Ok(())
        })
    }

    async fn recovery_use(
        &self,
        scope: &Scope,
        id: PersonId,
        code: &SecretHash,
        _at: DateTime<Utc>,
    ) -> Result<()> {
        self.write(|tables| {
            let codes = &mut tables.people.row_mut(scope, id)?.codes;
            let used = codes.get_mut(code).filter(|used| !**used);
            *used.ok_or_else(|| conflict("recovery code of person", id))? = true;
            Ok(())
        })
    }

    async fn recovery_left(&self, scope: &Scope, id: PersonId) -> Result<u32> {
        self.read(|tables| {
            let codes = tables.people.row(scope, id)?.codes.values();
            Ok(u32::try_from(codes.filter(|used| !**used).count()).unwrap_or(u32::MAX))
        })
    }
}
