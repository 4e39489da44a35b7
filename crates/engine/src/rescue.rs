//! The rescuer: what a killed or lost attempt began is finished or undone, and nothing that is not ours beyond doubt is touched.
//!
//! It runs at the start and periodically, the same code each time. It goes by leases: an attempt that ended properly has none.

mod audit;

pub use audit::Audited;

use crate::attempt::seal_intent;
use crate::attempt::undo::{Leftovers, Marks, UndoError, destroy, remove_folder};
use crate::names;
use crate::ports::{apart, chain};
use crate::shared::{Running, SITE, Shared};
use domain::attempt::{AttemptState, Failure, Step};
use domain::ids::AttemptId;
use hyperv::host::HostError;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use store::records::{Attempt, Finding, JournalEntry, Lease, Replica};
use store::traits::{PollWrite, StoreError};
use tokio::sync::oneshot;

const PAUSE: Duration = Duration::from_secs(5);
const PAUSE_REAL_MIN: Duration = Duration::from_millis(500);
/// Staging is looked through every two minutes.
const ROUNDS_PER_SWEEP: u64 = 24;
/// So many failed rescues of one attempt become a finding.
const TRIES_BEFORE_FINDING: u32 = 5;

/// What one activation did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rescued {
    /// Sealed attempts whose end was completed.
    pub finished: u32,
    /// Attempts that were undone.
    pub undone: u32,
    /// Attempts that have to wait, with the reason.
    pub waiting: Vec<String>,
    /// Checkpoints and folders of attempts long over.
    pub swept: u32,
    /// Primaries that were resumed.
    pub resumed: u32,
}

pub(crate) struct Rescuer {
    shared: Arc<Shared>,
    tries: BTreeMap<AttemptId, u32>,
}

/// Looks for the snapshots of all sealed points, once, after the first round.
async fn audited(shared: Arc<Shared>, first: oneshot::Receiver<()>) {
    if first.await.is_err() {
        return;
    }
    let audit = Rescuer::new(shared.clone());
    tokio::select! {
        biased;
        () = shared.soft.cancelled() => {}
        result = audit.audit() => {
            if let Err(error) = result {
                tracing::warn!(error = %chain(&error), "the sealed points could not be looked for in the vault");
            }
        }
    }
}

impl Rescuer {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            tries: BTreeMap::new(),
        }
    }

    /// Until the engine stops. What a killed process left holds applies back, so it is rescued first; the audit of a large vault takes hours and
    /// goes on beside the rounds.
    pub async fn run(self) {
        let shared = self.shared.clone();
        let (rescued, first) = oneshot::channel();
        tokio::join!(self.rounds(rescued), audited(shared, first));
    }

    async fn rounds(mut self, rescued: oneshot::Sender<()>) {
        let mut rescued = Some(rescued);
        for round in 0_u64.. {
            if self.shared.soft.is_cancelled() {
                return;
            }
            // A worker that stalled past its lease may make its folder late.
            if round % ROUNDS_PER_SWEEP == 0
                && let Err(error) = self.sweep_staging().await
            {
                tracing::warn!(error = %chain(&error), "staging could not be swept");
            }
            if let Err(error) = self.activate().await {
                tracing::warn!(error = %chain(&error), "the rescuer could not read the store");
            }
            // The audit may be over already: then nobody listens.
            rescued.take().map(|rescued| rescued.send(()));
            tokio::select! {
                biased;
                () = self.shared.soft.cancelled() => return,
                () = self.shared.ports.world.sleep(PAUSE, PAUSE_REAL_MIN) => {}
            }
        }
    }

    /// Rescues every attempt whose lease ran out, or is ours from before a crash.
    pub async fn activate(&mut self) -> Result<Rescued, StoreError> {
        let mut done = Rescued::default();
        let now_ms = self.shared.ports.machine.unix_ms();
        for lease in self.shared.ports.store.leases_expired(i64::MAX).await? {
            let due = lease.expires_unix_ms <= now_ms || lease.owner == self.shared.config.owner;
            let Some(host) = due.then(|| self.shared.ports.store.attempt(&SITE, lease.attempt)) else {
                continue;
            };
            let attempt = host.await?;
            let replica = self.shared.ports.store.replica(&SITE, lease.replica).await?;
            let running = Running {
                attempt: lease.attempt,
                host: attempt.host.clone(),
                tenant: attempt.tenant.clone(),
                vm: replica.vm,
                reserved_bytes: 0,
            };
            let Some(_guard) = self.shared.begin(lease.replica, running) else {
                continue;
            };
            match self.rescue(&lease, &mut done).await {
                Ok(()) => self.settled(lease.attempt).await?,
                Err(RescueError::Store(StoreError::Leased { .. } | StoreError::Conflict { .. })) => {}
                Err(error) => {
                    let why = chain(&error);
                    tracing::info!(attempt.id = %lease.attempt, why, "a rescue has to wait");
                    self.waits(&attempt, &why).await?;
                    done.waiting.push(why);
                }
            }
        }
        done.swept += self.sweep_hosts().await?;
        Ok(done)
    }

    async fn rescue(&self, lease: &Lease, done: &mut Rescued) -> Result<(), RescueError> {
        let (store, config) = (&self.shared.ports.store, &self.shared.config);
        let now_ms = self.shared.ports.machine.unix_ms();
        let lease = store
            .lease_take_over(lease.replica, &config.owner, now_ms, config.lease_ms)
            .await?;
        let attempt = store.attempt(&SITE, lease.attempt).await?;
        let replica = store.replica(&SITE, lease.replica).await?;
        let journal = store.journal_of(attempt.id).await?;
        let left = Leftovers::of(&attempt, replica.vm, &journal, &config.staging);
        let sealed = matches!(attempt.state, AttemptState::Sealed { .. });
        if sealed {
            self.finish_seal(&replica, &journal).await?;
        }
        self.undo(&left, &attempt, &replica).await?;
        if let AttemptState::Running { step, .. } = attempt.state {
            let state = recorded_outcome(&journal).unwrap_or(AttemptState::Failed {
                failure: Failure::Killed { step },
                at: self.shared.now(),
            });
            store.finish(attempt.id, lease.token, state).await?;
        }
        let step = journal.last().map_or(Step::Claim, |e| e.step);
        store
            .journal(
                attempt.id,
                lease.token,
                step,
                "undone",
                self.shared.now(),
                serde_json::Value::Null,
            )
            .await?;
        store.lease_release(lease.replica, lease.token).await?;
        let count = if sealed {
            &mut done.finished
        } else {
            &mut done.undone
        };
        *count += 1;
        Ok(())
    }

    /// Where the VM lives now: a host that it left knows nothing of it, and "no checkpoint here" would be taken for "clean".
    async fn undo(&self, left: &Leftovers, attempt: &Attempt, replica: &Replica) -> Result<(), RescueError> {
        if !left.asked {
            remove_folder(&left.folder)?;
            return Ok(());
        }
        let hosts = &self.shared.hosts;
        let ran = hosts.get(&attempt.host).ok_or_else(|| RescueError::NoHost {
            host: attempt.host.to_string(),
        })?;
        let (mut asked, mut silent) = (BTreeSet::new(), None);
        for host in [ran]
            .into_iter()
            .chain(hosts.get(&replica.host))
            .chain(hosts.values())
        {
            if !asked.insert(host.id().clone()) {
                continue;
            }
            match host.glance(replica.vm, self.shared.now()).await {
                Err(HostError::NotFound { .. }) => {}
                Err(error @ (HostError::Unreachable { .. } | HostError::Denied { .. })) => {
                    // Nothing is undone elsewhere while the host it ran on is silent.
                    if *host.id() == attempt.host {
                        return Err(UndoError::Host(error).into());
                    }
                    silent = Some(error);
                }
                Ok(_) | Err(HostError::Fault { .. } | HostError::Unreadable { .. }) => {
                    return Ok(left.undo(&self.shared, host.as_ref()).await?);
                }
            }
        }
        match silent {
            Some(error) => Err(UndoError::Host(error).into()),
            // It was removed, and its checkpoints with it.
            None => Ok(remove_folder(&left.folder)?),
        }
    }

    /// The store says sealed: the snapshot file must exist.
    async fn finish_seal(&self, replica: &Replica, journal: &[JournalEntry]) -> Result<(), RescueError> {
        let intent = seal_intent(journal).ok_or(RescueError::NoIntent)?;
        let tenant = replica.tenant.clone();
        let written = apart(&self.shared.ports.vault, move |vault| {
            vault.seal(&tenant, &intent.withheld)
        })
        .await;
        written
            .map_err(|e| RescueError::Vault { text: e.to_string() })?
            .map_err(|e| RescueError::Vault { text: e.to_string() })
    }

    async fn waits(&mut self, attempt: &Attempt, why: &str) -> Result<(), StoreError> {
        let tries = self.tries.entry(attempt.id).or_default();
        *tries += 1;
        if *tries < TRIES_BEFORE_FINDING {
            return Ok(());
        }
        let text = format!(
            "Attempt {} on host {} cannot be brought to its end: {why}.",
            attempt.id, attempt.host
        );
        self.find(&left_key(attempt.id), attempt, text).await
    }

    async fn settled(&mut self, attempt: AttemptId) -> Result<(), StoreError> {
        if self
            .tries
            .remove(&attempt)
            .is_some_and(|tries| tries >= TRIES_BEFORE_FINDING)
        {
            self.shared
                .ports
                .store
                .finding_resolve(&left_key(attempt), self.shared.now())
                .await?;
        }
        Ok(())
    }

    async fn find(&self, key: &str, attempt: &Attempt, text: String) -> Result<(), StoreError> {
        let now = self.shared.now();
        let finding = Finding {
            key: key.to_owned(),
            kind: "left-behind".to_owned(),
            host: Some(attempt.host.clone()),
            replica: Some(attempt.replica),
            text,
            since: now,
            last_seen: now,
        };
        self.shared
            .ports
            .store
            .poll_write(PollWrite {
                findings: vec![finding],
                at: Some(now),
                ..PollWrite::default()
            })
            .await
    }

    /// Tagged checkpoints of attempts that are over: a request that was still on its way when we were killed.
    async fn sweep_hosts(&self) -> Result<u32, StoreError> {
        let mut swept = 0;
        for stray in self.shared.board.strays() {
            let Some((attempt, token)) = names::parse(&stray.checkpoint.name) else {
                continue;
            };
            let Some(attempt) = self.over(attempt).await? else {
                continue;
            };
            let replica = self.shared.ports.store.replica(&SITE, attempt.replica).await?;
            if replica.vm != stray.checkpoint.vm
                || attempt.token != token
                || self.shared.runs_here(replica.id)
            {
                continue;
            }
            let Some(host) = self.shared.hosts.get(&stray.host) else {
                continue;
            };
            let marks = Marks {
                replica: replica.id,
                vm: replica.vm,
                tag: names::tag(attempt.id, token),
                made: BTreeSet::new(),
            };
            match destroy(&self.shared, host.as_ref(), &marks).await {
                Ok(()) => swept += 1,
                Err(error) => self.find(&left_key(attempt.id), &attempt, chain(&error)).await?,
            }
        }
        Ok(swept)
    }

    /// Export folders of attempts that are over.
    pub async fn sweep_staging(&self) -> Result<u32, StoreError> {
        let mut swept = 0;
        let Ok(entries) = std::fs::read_dir(&self.shared.config.staging.local) else {
            return Ok(0);
        };
        for entry in entries.filter_map(Result::ok) {
            let name = entry.file_name();
            let Some((attempt, _)) = name.to_str().and_then(names::parse) else {
                continue;
            };
            if self.over(attempt).await?.is_some() && remove_folder(&entry.path()).is_ok() {
                swept += 1;
            }
        }
        Ok(swept)
    }

    /// The attempt, if it is ours, has ended, and nobody holds its lease.
    async fn over(&self, id: AttemptId) -> Result<Option<Attempt>, StoreError> {
        let attempt = match self.shared.ports.store.attempt(&SITE, id).await {
            Ok(attempt) => attempt,
            // Another installation's, perhaps: not ours beyond doubt.
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let lease = self.shared.ports.store.lease(attempt.replica).await?;
        let ended =
            !matches!(attempt.state, AttemptState::Running { .. }) && lease.is_none_or(|l| l.attempt != id);
        Ok(ended.then_some(attempt))
    }
}

fn left_key(attempt: AttemptId) -> String {
    format!("left-behind:{attempt}")
}

/// How the attempt had decided to end before it was cut off.
fn recorded_outcome(journal: &[JournalEntry]) -> Option<AttemptState> {
    let recorded = journal.iter().rev().find_map(|e| e.payload.get("outcome"))?;
    let state: AttemptState = serde_json::from_value(recorded.clone()).ok()?;
    matches!(state, AttemptState::Deferred { .. } | AttemptState::Failed { .. }).then_some(state)
}

#[derive(Debug, thiserror::Error)]
enum RescueError {
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("something is still on the host")]
    Undo(#[from] UndoError),
    #[error(
        "host {host} is not in the configuration any more: put it back under [[host]], so that what the attempt left there can be undone"
    )]
    NoHost { host: String },
    #[error("the journal of a sealed attempt does not hold its snapshot")]
    NoIntent,
    #[error("the snapshot file could not be written: {text}")]
    Vault { text: String },
}
