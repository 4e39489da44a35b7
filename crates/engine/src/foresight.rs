//! The forecast: learns from what the store remembers and foresees every open obligation of the newest plan.
//!
//! A reconciler like the others: what it publishes follows from the store and the plan alone, so a restart foresees the same.

mod history;

use crate::planned::{Planned, Purpose};
use crate::ports::chain;
use crate::shared::{SITE, Shared};
use chrono::{DateTime, Utc};
use domain::causes::Cause;
use domain::forecast::night::{Foresight, Known, Night};
use domain::obligation::ObligationKey;
use history::History;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use store::holds::Acknowledgement;
use store::traits::StoreError;

/// Between two forecasts when the night does not change.
const ROUND: Duration = Duration::from_secs(60);
const ROUND_REAL_MIN: Duration = Duration::from_secs(1);
/// Between two forecasts in any case: a busy night changes with every second.
const REST: Duration = Duration::from_secs(10);
const REST_REAL_MIN: Duration = Duration::from_millis(200);

/// What was foreseen last, for screens, the command line and the alarm: all of them tell the same.
#[derive(Debug, Clone)]
pub struct Foreseen {
    /// When the plan was made that it looks at.
    pub at: DateTime<Utc>,
    /// Every open obligation.
    pub each: HashMap<ObligationKey, Foresight>,
    /// What keeps those that are not due yet, what will breach first at the top.
    pub causes: Vec<Cause>,
    /// Those that are valid at `at`, by cause.
    pub acknowledged: Vec<Acknowledgement>,
    /// Closed days that were learnt from.
    pub days_learnt: usize,
}

impl Foreseen {
    /// Who has taken note of a cause.
    #[must_use]
    pub fn acknowledgement(&self, cause: &str) -> Option<&Acknowledgement> {
        self.acknowledged.iter().find(|it| it.cause == cause)
    }
}

pub(crate) struct Forecaster {
    shared: Arc<Shared>,
    history: History,
}

impl Forecaster {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            history: History::default(),
        }
    }

    pub async fn run(mut self) {
        loop {
            tokio::select! {
                () = self.shared.soft.cancelled() => return,
                () = self.shared.wake_foresight.notified() => {}
                () = self.shared.ports.world.sleep(ROUND, ROUND_REAL_MIN) => {}
            }
            if let Err(error) = self.activate().await {
                tracing::warn!(error = %chain(&error), "the forecast could not be made");
            }
            tokio::select! {
                () = self.shared.soft.cancelled() => return,
                () = self.shared.ports.world.sleep(REST, REST_REAL_MIN) => {}
            }
        }
    }

    /// Foresees the newest plan, if there is one.
    pub async fn activate(&mut self) -> Result<(), StoreError> {
        if let Some(planned) = self.shared.planned() {
            let foreseen = self.foresee(&planned).await?;
            self.shared.foreseen_set(foreseen);
        }
        Ok(())
    }

    /// Foresees a plan.
    pub async fn foresee(&mut self, planned: &Planned) -> Result<Foreseen, StoreError> {
        let (store, now) = (&self.shared.ports.store, planned.at);
        self.history.refresh(store.as_ref(), now).await?;
        self.history.learn(&planned.world, now);
        let unfinished = store.attempts_unfinished().await?;
        let acknowledged = store.acknowledgements(&SITE, now).await?;
        let running: HashMap<_, DateTime<Utc>> =
            unfinished.iter().map(|it| (it.replica, it.started)).collect();
        let night = Night {
            world: &planned.world,
            limits: &planned.limits,
            decisions: &planned.decisions,
            site: self.history.site(),
        };
        let outlook = night.foresee(
            |at, owed| {
                let counts = planned.purposes.get(at) == Some(&Purpose::Obligation);
                counts.then(|| Known {
                    days: self.history.days(owed.key.replica),
                    running_since: running.get(&owed.key.replica).copied(),
                    blocked_secs: self.history.blocked_secs(owed, now),
                })
            },
            now,
        );
        Ok(Foreseen {
            at: now,
            each: outlook.each.into_iter().map(|it| (it.key, it)).collect(),
            causes: outlook.causes,
            acknowledged,
            days_learnt: self.history.days_learnt(),
        })
    }
}
