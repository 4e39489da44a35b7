//! The alarm: what somebody outside should hear of goes into the outbox, from there to the messenger, and a sign of life to whoever
//! notices its absence.
//!
//! It has a thread and a runtime of its own: whatever keeps the planner or the observers from looking does not keep it from saying so.
//! What it has told stands in the store, so a restart tells nothing twice; what it has not told is in there as well, so a restart tells
//! it. What to tell is decided in `domain::alarm`.

mod breaches;
mod delivery;
mod heart;
mod signs;
mod stuck;

pub(crate) use delivery::deliver;
pub(crate) use signs::Signs;

use crate::ports::chain;
use crate::shared::{SITE, Shared};
use breaches::Breaches;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::alarm::{Acknowledged, Notice, Scene, notices};
use serde_json::{Value, json};
use signs::Watchers;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use store::holds::Acknowledgement;
use store::traits::StoreError;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Between two rounds.
const ROUND: Duration = Duration::from_secs(15);
const ROUND_REAL_MIN: Duration = Duration::from_millis(500);

pub(crate) struct Alarm {
    shared: Arc<Shared>,
    watchers: Watchers,
    breaches: Breaches,
    /// Keys of all notices, once read.
    noticed: Option<BTreeSet<String>>,
    /// How many were at risk when an acknowledgement was seen first; seen first again after a restart.
    acknowledged: BTreeMap<(String, DateTime<Utc>), usize>,
}

impl Alarm {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            watchers: Watchers::new(shared.now()),
            shared,
            breaches: Breaches::default(),
            noticed: None,
            acknowledged: BTreeMap::new(),
        }
    }

    async fn run(mut self) {
        loop {
            if let Err(error) = self.activate().await {
                tracing::error!(error = %chain(&error), "the alarm could not look");
            }
            tokio::select! {
                () = self.shared.soft.cancelled() => return,
                () = self.shared.ports.world.sleep(ROUND, ROUND_REAL_MIN) => {}
            }
        }
    }

    /// Looks at everything once and puts what is new into the outbox; how much that was.
    pub async fn activate(&mut self) -> Result<usize, StoreError> {
        let shared = self.shared.clone();
        let (store, now) = (&shared.ports.store, shared.now());
        let watchers = self.watchers.look(&shared, now).await?;
        let rows = self.breaches.look(&shared, now).await?;
        let stuck = stuck::Found::look(&shared, now).await?;
        let acknowledged = store.acknowledgements(&SITE, now).await?;
        let noticed = match self.noticed.take() {
            Some(noticed) => noticed,
            None => store.notice_keys().await?.into_iter().collect(),
        };
        let foreseen = shared.foreseen();
        let causes = foreseen.as_ref().map_or(&[][..], |it| it.causes.as_slice());
        let at_risk = |cause: &str| {
            let cause = causes.iter().find(|it| it.key == cause);
            cause.map_or(0, |it| it.at_risk)
        };
        let known = self.known(acknowledged, at_risk);
        let new = notices(
            &Scene {
                causes,
                breaches: &breaches::told(&rows),
                stuck: &stuck.told(),
                watchers: &watchers,
                acknowledged: &known,
                noticed: Some(&noticed),
            },
            now,
        );
        let noticed = self.noticed.insert(noticed);
        for notice in &new {
            let body = document(notice, &shared.config.site, now);
            store
                .notice_put(&notice.key, notice.kind.as_str(), &body, now)
                .await?;
            noticed.insert(notice.key.clone());
            tracing::warn!(key = notice.key, "{}", notice.subject);
        }
        self.watchers.keep(&shared).await?;
        shared.signs.alarm(now);
        Ok(new.len())
    }

    fn known(
        &mut self,
        acknowledged: Vec<Acknowledgement>,
        at_risk: impl Fn(&str) -> usize,
    ) -> Vec<Acknowledged> {
        let mut seen = BTreeMap::new();
        let known = acknowledged
            .into_iter()
            .map(|it| {
                let key = (it.cause.clone(), it.at);
                let first = self.acknowledged.get(&key).copied();
                let at_risk = first.unwrap_or_else(|| at_risk(&it.cause));
                seen.insert(key, at_risk);
                Acknowledged {
                    cause: it.cause,
                    at: it.at,
                    at_risk,
                    author: it.author,
                }
            })
            .collect();
        self.acknowledged = seen;
        known
    }
}

/// What is sent; its form is part of the contract (`docs/book/alarm.md`).
fn document(notice: &Notice, site: &str, now: DateTime<Utc>) -> Value {
    let stamp = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    json!({
        "kind": notice.kind,
        "key": notice.key,
        "subject": notice.subject,
        "sentence": notice.sentence,
        "since": stamp(notice.since),
        "due": notice.due.map(stamp),
        "cause": notice.cause,
        "site": site,
        "as_of": stamp(now),
    })
}

/// Runs the alarm where nobody outside hears of it: for the screens, which show what would have been told.
pub(crate) async fn run_unheard(shared: Arc<Shared>) {
    let alarm = Alarm::new(shared.clone());
    futures::join!(alarm.run(), delivery::run(&shared));
}

/// Runs alarm, delivery and sign of life on a thread of their own until the engine is told to stop.
///
/// # Errors
/// The system gives no thread or no runtime.
pub(crate) fn start(shared: Arc<Shared>, token: TaskTrackerToken) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let alarm = Alarm::new(shared.clone());
    std::thread::Builder::new()
        .name("alarm".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                let beats = heart::run(&shared);
                futures::join!(alarm.run(), delivery::run(&shared), beats);
            });
            drop(token);
        })?;
    Ok(())
}
