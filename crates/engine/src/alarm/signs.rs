//! Signs of life: who has looked when, and who has been silent for too long.

use crate::shared::Shared;
use chrono::{DateTime, TimeDelta, Utc};
use domain::alarm::{Watcher, WatcherName};
use domain::ids::HostId;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::traits::StoreError;

/// A sign of the planner is written down so often: a silence is told to this precision after a restart.
const WRITTEN: TimeDelta = TimeDelta::seconds(30);

/// Signs of this process, by the world's clock.
#[derive(Debug, Default)]
pub(crate) struct Signs {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    planner: Option<DateTime<Utc>>,
    alarm: Option<DateTime<Utc>>,
    observers: BTreeMap<HostId, DateTime<Utc>>,
}

impl Signs {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// A round of the plan was made.
    pub fn planner(&self, at: DateTime<Utc>) {
        self.lock().planner = Some(at);
    }
    /// A look at a host came to an end, whatever it saw.
    pub fn observer(&self, host: &HostId, at: DateTime<Utc>) {
        self.lock().observers.insert(host.clone(), at);
    }
    pub fn alarm(&self, at: DateTime<Utc>) {
        self.lock().alarm = Some(at);
    }
    fn has_observed(&self, host: &HostId) -> bool {
        self.lock().observers.contains_key(host)
    }

    /// Whether everybody has given a sign within the limit: the plan, the observer of every host, and the alarm where there is one. A
    /// host that does not answer is looked at all the same.
    pub fn all_alive(&self, shared: &Shared, now: DateTime<Utc>) -> bool {
        let inner = self.lock();
        let limit = limit(shared);
        let alive = |at: Option<&DateTime<Utc>>| at.is_some_and(|at| now - *at <= limit);
        alive(inner.planner.as_ref())
            && (shared.ports.messenger.is_none() || alive(inner.alarm.as_ref()))
            && shared.hosts.keys().all(|host| alive(inner.observers.get(host)))
    }
}

fn limit(shared: &Shared) -> TimeDelta {
    TimeDelta::seconds(i64::from(shared.config.silence_secs))
}

/// Makes the alarm's watchers out of this process's signs and those that were written down.
pub(super) struct Watchers {
    began: DateTime<Utc>,
    /// As written down last; `None` before they were read.
    written: Option<HashMap<String, DateTime<Utc>>>,
    /// The next look is the first: it goes by what the last process has written down.
    is_first: bool,
}

impl Watchers {
    pub fn new(began: DateTime<Utc>) -> Self {
        Self {
            began,
            written: None,
            is_first: true,
        }
    }

    pub async fn look(&mut self, shared: &Shared, now: DateTime<Utc>) -> Result<Vec<Watcher>, StoreError> {
        let store = &shared.ports.store;
        let written = match &mut self.written {
            Some(written) => written,
            none => none.insert(store.signs().await?.into_iter().collect()),
        };
        let mut watchers = Vec::with_capacity(shared.hosts.len() + 1);
        let planner = WatcherName::Planner.to_string();
        let sign = shared.signs.lock().planner.filter(|_| !self.is_first);
        watchers.push(Watcher {
            last: first_or(shared, written, &planner, sign, now).await?,
            name: WatcherName::Planner,
            silence_secs_max: shared.config.silence_secs,
        });
        let surveys: HashMap<HostId, Option<DateTime<Utc>>> = store
            .hosts()
            .await?
            .into_iter()
            .map(|it| (it.host, it.last_survey))
            .collect();
        for host in shared.hosts.keys() {
            let name = WatcherName::Host(host.clone());
            let survey = surveys.get(host).copied().flatten();
            // What a process has not had the time to look at yet is not called unwatched by it.
            let is_new = !shared.signs.has_observed(host) && now - self.began <= limit(shared);
            watchers.push(Watcher {
                last: first_or(shared, written, &name.to_string(), survey, now).await?,
                name,
                silence_secs_max: if is_new {
                    u32::MAX
                } else {
                    shared.config.silence_secs
                },
            });
        }
        Ok(watchers)
    }

    /// Writes the planner's newest sign down, after what its silence before has been told.
    pub async fn keep(&mut self, shared: &Shared) -> Result<(), StoreError> {
        self.is_first = false;
        let Some(sign) = shared.signs.lock().planner else {
            return Ok(());
        };
        let name = WatcherName::Planner.to_string();
        let written = self.written.get_or_insert_default();
        if written.get(&name).is_none_or(|at| sign - *at >= WRITTEN) {
            shared.ports.store.sign_put(&name, sign).await?;
            written.insert(name, sign);
        }
        Ok(())
    }
}

/// The newest sign; for one that never gave any, when it was set up, which is now.
async fn first_or(
    shared: &Shared,
    written: &mut HashMap<String, DateTime<Utc>>,
    name: &str,
    sign: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, StoreError> {
    match (sign, written.get(name)) {
        (Some(sign), Some(at)) => Ok(sign.max(*at)),
        (Some(at), None) | (None, Some(&at)) => Ok(at),
        (None, None) => {
            shared.ports.store.sign_put(name, now).await?;
            written.insert(name.to_owned(), now);
            Ok(now)
        }
    }
}
