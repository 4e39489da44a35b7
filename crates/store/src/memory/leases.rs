//! Leases and fencing tokens. Times here are the machine's clock; the world's clock may be sped up.

use super::Tables;
use crate::records::{Attempt, Lease};
use crate::rules::{conflict, kept, lease_lost, missing, told};
use crate::traits::{Result, StoreError};
use chrono::{DateTime, Utc};
use domain::attempt::{AttemptState, Step};
use domain::ids::{AttemptId, FencingToken, ReplicaId};
use std::collections::{BTreeSet, HashMap};

#[derive(Default)]
pub(super) struct Leases {
    rows: HashMap<ReplicaId, Lease>,
    ends: BTreeSet<(i64, ReplicaId)>,
}

impl Leases {
    pub(super) fn get(&self, replica: ReplicaId) -> Option<&Lease> {
        self.rows.get(&replica)
    }

    fn put(&mut self, lease: Lease) {
        self.remove(lease.replica);
        self.ends.insert((lease.expires_unix_ms, lease.replica));
        self.rows.insert(lease.replica, lease);
    }

    fn remove(&mut self, replica: ReplicaId) {
        if let Some(before) = self.rows.remove(&replica) {
            self.ends.remove(&(before.expires_unix_ms, replica));
        }
    }

    /// First expired first.
    pub(super) fn expired(&self, now_unix_ms: i64) -> Vec<Lease> {
        self.ends
            .iter()
            .take_while(|(expires, _)| *expires <= now_unix_ms)
            .filter_map(|(_, replica)| self.get(*replica).cloned())
            .collect()
    }

    pub(super) fn renew(
        &mut self,
        replica: ReplicaId,
        owner: &str,
        token: FencingToken,
        expires_unix_ms: i64,
    ) -> Result<()> {
        let lease = self
            .get(replica)
            .filter(|lease| lease.owner == owner && lease.token == token)
            .cloned()
            .ok_or_else(|| lease_lost(replica))?;
        self.put(Lease {
            expires_unix_ms,
            ..lease
        });
        Ok(())
    }
}

impl Tables {
    pub(super) fn lease_claim(
        &mut self,
        id: AttemptId,
        replica: ReplicaId,
        owner: &str,
        now: DateTime<Utc>,
        now_unix_ms: i64,
        expires_unix_ms: i64,
    ) -> Result<Attempt> {
        let place = self.replicas.known(replica);
        let place = place.ok_or_else(|| missing("replica", replica))?;
        let (tenant, host) = (place.tenant.clone(), place.host.clone());
        if let Some(held) = self.leases.get(replica) {
            let expired = held.expires_unix_ms <= now_unix_ms;
            if !expired && held.owner == owner && held.attempt == id {
                let row = self.attempts.get(id);
                let attempt = row.ok_or_else(|| conflict("attempt", id))?.attempt.clone();
                let lease = Lease {
                    expires_unix_ms,
                    ..held.clone()
                };
                self.leases.put(lease);
                return Ok(attempt);
            }
            return Err(StoreError::Leased {
                replica,
                owner: held.owner.clone(),
            });
        }
        if self.attempts.get(id).is_some() {
            return Err(conflict("attempt", id));
        }
        let (step, now) = (Step::Claim, kept(now));
        let attempt = Attempt {
            id,
            replica,
            tenant,
            host,
            token: self.replicas.token_next(replica)?,
            started: now,
            state: AttemptState::Running { step, since: now },
        };
        self.attempts.insert(attempt.clone());
        self.leases.put(Lease {
            replica,
            owner: owner.to_owned(),
            attempt: id,
            token: attempt.token,
            expires_unix_ms,
        });
        self.events.push(told::attempt(&attempt, &attempt.state, now));
        Ok(attempt)
    }

    pub(super) fn lease_rescue(
        &mut self,
        replica: ReplicaId,
        owner: &str,
        now_unix_ms: i64,
        expires_unix_ms: i64,
    ) -> Result<Lease> {
        let held = self.leases.get(replica);
        let held = held.ok_or_else(|| missing("lease on replica", replica))?;
        if held.expires_unix_ms > now_unix_ms && held.owner != owner {
            return Err(StoreError::Leased {
                replica,
                owner: held.owner.clone(),
            });
        }
        let attempt = held.attempt;
        let taken = Lease {
            replica,
            owner: owner.to_owned(),
            attempt,
            token: self.replicas.token_next(replica)?,
            expires_unix_ms,
        };
        self.leases.put(taken.clone());
        Ok(taken)
    }

    pub(super) fn lease_drop(&mut self, replica: ReplicaId, token: FencingToken) -> Result<()> {
        self.leases
            .get(replica)
            .filter(|lease| lease.token == token && !self.attempts.is_running(lease.attempt))
            .ok_or_else(|| lease_lost(replica))?;
        self.leases.remove(replica);
        Ok(())
    }
}
