//! Holds, and causes that somebody has taken note of.

use super::{MemoryStore, Tables};
use crate::holds::{Acknowledgement, HoldStore, HoldTarget, OperatorHold};
use crate::rules::{LINES_READ_MAX, conflict, kept, missing, night, told};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Holds {
    rows: BTreeMap<i64, OperatorHold>,
    /// The newest of each cause; earlier ones are asked for by nobody.
    acknowledged: BTreeMap<String, Acknowledgement>,
}

impl Tables {
    /// Whose events the hold's are; none for a host's.
    fn held_tenant<'a>(&'a self, target: &'a HoldTarget) -> Result<Option<&'a TenantId>> {
        Ok(match target {
            HoldTarget::Host { .. } => None,
            HoldTarget::Tenant { tenant } => Some(tenant),
            HoldTarget::Replica { replica } => Some(self.replicas.tenant_of(*replica)?),
        })
    }

    /// Whether a hold on that holds something of the scope's.
    fn is_held_of(&self, scope: &Scope, target: &HoldTarget) -> bool {
        let Some(owner) = scope.owner() else { return true };
        match target {
            HoldTarget::Host { host } => self
                .replicas
                .ids(scope)
                .any(|id| self.replicas.known(id).is_some_and(|it| it.host == *host)),
            HoldTarget::Tenant { tenant } => tenant == owner,
            HoldTarget::Replica { replica } => self.replicas.tenant(*replica) == Some(owner),
        }
    }

    fn hold_begin(
        &mut self,
        target: &HoldTarget,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        reason: &str,
        author: &str,
    ) -> Result<OperatorHold> {
        let (from, until) = (kept(from), kept(until));
        if until <= from {
            return Err(conflict("hold", "that would end before it begins"));
        }
        let hold = OperatorHold {
            id: self.holds.rows.last_key_value().map_or(1, |(id, _)| id + 1),
            target: target.clone(),
            from,
            until,
            reason: reason.to_owned(),
            author: author.to_owned(),
            lifted: None,
        };
        let tenant = self.held_tenant(target)?.cloned();
        self.events.push(told::hold(&hold, tenant.as_ref(), from));
        self.holds.rows.insert(hold.id, hold.clone());
        Ok(hold)
    }

    fn hold_lift(&mut self, id: i64, at: DateTime<Utc>, author: &str) -> Result<OperatorHold> {
        let hold = self.holds.rows.get(&id).ok_or_else(|| missing("hold", id))?;
        let hold = night::lifted(hold.clone(), at, author)?;
        let tenant = self.held_tenant(&hold.target)?.cloned();
        self.events.push(told::hold(&hold, tenant.as_ref(), at));
        self.holds.rows.insert(id, hold.clone());
        Ok(hold)
    }
}

#[async_trait]
impl HoldStore for MemoryStore {
    async fn hold_begin(
        &self,
        target: &HoldTarget,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        reason: &str,
        author: &str,
    ) -> Result<OperatorHold> {
        self.write(|tables| tables.hold_begin(target, from, until, reason, author))
    }

    async fn hold_lift(&self, id: i64, at: DateTime<Utc>, author: &str) -> Result<OperatorHold> {
        self.write(|tables| tables.hold_lift(id, at, author))
    }

    async fn holds_active(&self, scope: &Scope, now: DateTime<Utc>) -> Result<Vec<OperatorHold>> {
        let now = kept(now);
        Ok(self.read(|tables| {
            let rows = tables.holds.rows.values().rev();
            rows.filter(|hold| hold.holds_at(now) && tables.is_held_of(scope, &hold.target))
                .cloned()
                .collect()
        }))
    }

    async fn holds(&self, scope: &Scope, limit: u32) -> Result<Vec<OperatorHold>> {
        let limit = limit.min(LINES_READ_MAX) as usize;
        Ok(self.read(|tables| {
            let rows = tables.holds.rows.values().rev();
            rows.filter(|hold| tables.is_held_of(scope, &hold.target))
                .take(limit)
                .cloned()
                .collect()
        }))
    }

    async fn acknowledge(&self, acknowledgement: &Acknowledgement) -> Result<()> {
        let acknowledgement = Acknowledgement {
            at: kept(acknowledgement.at),
            until: kept(acknowledgement.until),
            ..acknowledgement.clone()
        };
        self.write(|tables| {
            let cause = acknowledgement.cause.clone();
            tables.holds.acknowledged.insert(cause, acknowledgement);
            Ok(())
        })
    }

    async fn acknowledgements(&self, scope: &Scope, now: DateTime<Utc>) -> Result<Vec<Acknowledgement>> {
        let now = kept(now);
        Ok(self.read(|tables| {
            let newest = tables.holds.acknowledged.values();
            let own = scope.owner().map(|tenant| format!("tenant:{tenant}:"));
            let seen = |it: &Acknowledgement| own.as_ref().is_none_or(|own| it.cause.starts_with(own));
            newest
                .filter(|it| it.holds_at(now) && seen(it))
                .cloned()
                .collect()
        }))
    }
}
