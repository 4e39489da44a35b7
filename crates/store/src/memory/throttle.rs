//! Tries to log in.

use super::MemoryStore;
use crate::rules::doors::{PURGE_MAX, site_only};
use crate::rules::kept;
use crate::throttle::{DEVICES_MAX, ThrottleStore};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::door::hash::SecretHash;
use domain::door::login::LoginName;
use domain::door::throttle::{FORGET_SECS_MAX, Gate, LogInTry, Tally, ThrottleKey, forgiven, strictest};
use domain::ids::PersonId;
use std::cmp::Reverse;
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Throttle {
    tallies: BTreeMap<ThrottleKey, Tally>,
    devices: BTreeMap<PersonId, BTreeMap<SecretHash, DateTime<Utc>>>,
}

#[async_trait]
impl ThrottleStore for MemoryStore {
    async fn log_in_try(&self, scope: &Scope, attempt: &LogInTry, at: DateTime<Utc>) -> Result<Gate> {
        site_only(scope, "log-in")?;
        let at = kept(at);
        self.write(|tables| {
            let tallies = &mut tables.throttle.tallies;
            let keys = attempt.keys();
            let gate = strictest(
                keys.iter()
                    .map(|key| key.limit().judge(tallies.get(key).copied(), at)),
            );
            if gate == Gate::Open {
                for key in keys {
                    let counted = key.limit().counted(tallies.get(&key).copied(), at);
                    tallies.insert(key, counted);
                }
            }
            Ok(gate)
        })
    }

    async fn log_in_forgive(&self, scope: &Scope, attempt: &LogInTry) -> Result<()> {
        site_only(scope, "log-in")?;
        self.write(|tables| {
            let tallies = &mut tables.throttle.tallies;
            for key in attempt.keys() {
                if let Some(tally) = tallies.remove(&key)
                    && let Some(left) = forgiven(&key, tally)
                {
                    tallies.insert(key, left);
                }
            }
            Ok(())
        })
    }

    async fn log_in_purge(&self, scope: &Scope, now: DateTime<Utc>, limit: u32) -> Result<u64> {
        site_only(scope, "log-in")?;
        let edge = kept(now - TimeDelta::seconds(FORGET_SECS_MAX));
        self.write(|tables| {
            let tallies = &mut tables.throttle.tallies;
            let old = tallies.iter().filter(|(_, tally)| tally.last <= edge);
            let mut old: Vec<_> = old
                .map(|(key, tally)| (tally.last, key.kind(), key.to_string(), key.clone()))
                .collect();
            old.sort();
            old.truncate(limit.min(PURGE_MAX) as usize);
            for (.., key) in &old {
                tallies.remove(key);
            }
            Ok(old.len() as u64)
        })
    }

    async fn device_remember(
        &self,
        scope: &Scope,
        person: PersonId,
        device: &SecretHash,
        at: DateTime<Utc>,
    ) -> Result<()> {
        site_only(scope, "log-in")?;
        self.write(|tables| {
            tables.people.person(scope, person)?;
            let devices = tables.throttle.devices.entry(person).or_default();
            let seen = devices.entry(*device).or_insert(kept(at));
            *seen = kept(at).max(*seen);
            let mut newest: Vec<_> = devices
                .iter()
                .map(|(hash, seen)| Reverse((*seen, *hash)))
                .collect();
            newest.sort();
            for Reverse((_, hash)) in newest.into_iter().skip(DEVICES_MAX) {
                devices.remove(&hash);
            }
            Ok(())
        })
    }

    async fn device_known(&self, scope: &Scope, login: &LoginName, device: &SecretHash) -> Result<bool> {
        site_only(scope, "log-in")?;
        Ok(self.read(|tables| {
            let devices = tables
                .people
                .of_login(login)
                .and_then(|id| tables.throttle.devices.get(&id));
            devices.is_some_and(|devices| devices.contains_key(device))
        }))
    }
}
