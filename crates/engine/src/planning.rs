//! The plan loop: brings the night up to date, asks the pure planner, starts attempts and says what to watch closely.

mod gather;

use crate::attempt::{self, Charge, Outcome};
use crate::night::{Ledger, Night};
use crate::planned::{Planned, Purpose};
use crate::ports::chain;
use crate::shared::Shared;
use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::AttemptState;
use domain::calendar::{DayWindow, SlaDay};
use domain::ids::ReplicaId;
use domain::obligation::ObligationKey;
use domain::planner::{Move, Owed, Wait, World, plan};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::records::Replica;
use store::traits::StoreError;
use tokio_util::task::TaskTracker;

/// How often the plan looks without being woken.
const PLAN: Duration = Duration::from_secs(5);
const PLAN_REAL_MIN: Duration = Duration::from_millis(200);
/// A start that came to nothing - the store refused it, another worker was first - is not made again for so long: the end of each attempt
/// wakes the plan, and it would start the same one without end.
const COME_TO_NOTHING: TimeDelta = TimeDelta::seconds(5);

pub(crate) struct Planner {
    shared: Arc<Shared>,
    tracker: TaskTracker,
    night: Night,
    /// Starts that came to nothing, and when.
    nothing: Arc<Mutex<BTreeMap<ReplicaId, DateTime<Utc>>>>,
}

impl Planner {
    /// Reads what is owed.
    ///
    /// # Errors
    /// The store failed.
    pub async fn recall(shared: Arc<Shared>, tracker: TaskTracker) -> Result<Self, StoreError> {
        let night = Night::recall(shared.clone()).await?;
        Ok(Self {
            shared,
            tracker,
            night,
            nothing: Arc::default(),
        })
    }

    pub async fn run(mut self) {
        loop {
            tokio::select! {
                biased;
                () = self.shared.soft.cancelled() => return,
                () = self.shared.wake_plan.notified() => {}
                () = self.shared.ports.world.sleep(PLAN, PLAN_REAL_MIN) => {}
            }
            if let Err(error) = self.activate().await {
                tracing::warn!(error = %chain(&error), "the plan could not be made");
            }
        }
    }

    /// One round: opens, closes, plans and starts.
    pub async fn activate(&mut self) -> Result<(), StoreError> {
        self.night.activate().await?;
        let planned = self.look().await?;
        self.watch(&planned);
        for decision in &planned.decisions {
            let Move::Start { pause } = decision.what else {
                continue;
            };
            let Some(entry) = planned.entry(decision.key) else {
                continue;
            };
            if let Some(row) = self.night.ledger.rows.get(&decision.key.replica) {
                let charge = Charge {
                    obligation: (entry.purpose == Purpose::Obligation).then_some(decision.key),
                    terms: entry.owed.terms.clone(),
                    pause,
                };
                self.start(row.clone(), charge);
            }
        }
        self.shared.planned_set(planned);
        self.shared.signs.planner(self.shared.now());
        Ok(())
    }

    /// What the plan is now; starts nothing.
    pub async fn look(&mut self) -> Result<Planned, StoreError> {
        let (world, purposes) = gather::gather(&self.shared, &mut self.night.ledger).await?;
        let at = self.shared.now();
        let limits = self.shared.config.limits();
        let decisions = plan(&world, &limits, at);
        Ok(Planned {
            at,
            world,
            purposes,
            limits,
            decisions,
        })
    }

    /// Tells the close watches what to look at, and the observers whose applies are to be kept.
    fn watch(&self, planned: &Planned) {
        let mut watched: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut near: BTreeSet<ReplicaId> = self.shared.running().into_keys().collect();
        for decision in &planned.decisions {
            let replica = decision.key.replica;
            let Move::Wait { why, watch, .. } = &decision.what else {
                near.insert(replica);
                continue;
            };
            if !matches!(why, Wait::NotOpen | Wait::Held(_)) {
                near.insert(replica);
            }
            if let Some(row) = self.night.ledger.rows.get(&replica).filter(|_| *watch) {
                watched
                    .entry(row.host.clone())
                    .or_default()
                    .push((replica, row.vm));
            }
        }
        self.shared.board.watched_set(watched);
        self.shared.board.near_set(near);
    }

    fn start(&self, replica: Replica, charge: Charge) {
        if self.came_to_nothing(replica.id) {
            return;
        }
        let Ok((id, guard)) = attempt::reserve(&self.shared, &replica, &[]) else {
            return;
        };
        let (shared, nothing) = (self.shared.clone(), self.nothing.clone());
        self.tracker.spawn(async move {
            let (name, replica_id) = (replica.name.clone(), replica.id);
            let outcome = attempt::run(&shared, replica, id, charge, guard).await;
            if !matches!(outcome, Ok(Outcome::Ended { .. })) {
                let mut nothing = nothing.lock().unwrap_or_else(PoisonError::into_inner);
                nothing.insert(replica_id, shared.now());
            }
            match outcome {
                Ok(outcome) => tracing::info!(attempt.id = %id, replica.name = name, outcome = %told(&outcome), "attempt over"),
                Err(error) => tracing::warn!(attempt.id = %id, replica.name = name, error = %chain(&error), "attempt not made"),
            }
        });
    }

    /// Whether a start of it came to nothing just now; a clock that was set back makes it no longer.
    fn came_to_nothing(&self, replica: ReplicaId) -> bool {
        let now = self.shared.now();
        let mut nothing = self.nothing.lock().unwrap_or_else(PoisonError::into_inner);
        nothing.retain(|_, at| *at <= now && now - *at < COME_TO_NOTHING);
        nothing.contains_key(&replica)
    }
}

/// Whether the plan would start this replica now, were it the only one and owed by `deadline`.
pub(crate) async fn would_start(
    shared: &Shared,
    row: &Replica,
    deadline: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let mut ledger = Ledger::read(shared).await?;
    let charge = Charge::now(shared, row).await?;
    let past = ledger.past(shared, row.id).await?;
    let now = shared.now();
    let key = ObligationKey {
        replica: row.id,
        day: SlaDay(now.date_naive()),
    };
    let window = DayWindow {
        open: now,
        due: deadline,
        next_open: deadline,
    };
    // A person has asked for it: neither holds nor the number of failures speak against it.
    let owed = Owed {
        running: false,
        held: None,
        failures: past
            .failures
            .min(charge.terms.retry.failures_max.saturating_sub(1)),
        ..ledger.owed(shared, row, (key, window, charge.terms), &past)
    };
    let world = World {
        owed: vec![owed],
        ..World::default()
    };
    let decided = plan(&world, &shared.config.limits(), now);
    Ok(decided.iter().any(|it| matches!(it.what, Move::Start { .. })))
}

fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ended { attempt } => match &attempt.state {
            AttemptState::Sealed { point, .. } => format!("sealed as {point}"),
            AttemptState::Deferred { reason, .. } => {
                format!("deferred: {}", domain::words::explain_deferral(reason).title)
            }
            AttemptState::Failed { failure, .. } => {
                format!("failed: {}", domain::words::explain_failure(failure))
            }
            AttemptState::Running { .. } => "still running".to_owned(),
        },
        Outcome::Busy { owner } => format!("held by {owner}"),
        Outcome::Full { limit } => format!("not begun: {limit}"),
        Outcome::Abandoned { why } => format!("abandoned: {why}"),
        Outcome::LeaseLost => "lease lost".to_owned(),
    }
}
