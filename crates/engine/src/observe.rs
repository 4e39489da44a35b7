//! One observer per host: survey, fold, judge, write. An unreachable host makes its replicas `Unknown`, never green.

mod closely;
mod findings;
mod identify;
mod poll;

use crate::board::{Stray, Terms};
use crate::budget::Errand;
use crate::names;
use crate::ports::chain;
use crate::shared::{SITE, Shared};
use crate::sighted::Sighted;
use chrono::{DateTime, TimeDelta, Utc};
pub(crate) use closely::look_closely;
use domain::blocker::Unknown;
use domain::ids::ReplicaId;
use domain::observation::HostTrust;
use domain::verdict::Verdict;
use findings::Findings;
use hyperv::host::{HostError, ReplicaHost, ReplicaSighting, Survey};
use poll::Poll;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::records::{HostStatus, Replica, ReplicaStatus};
use store::traits::{PollWrite, StoreError};

/// Watches one host until the engine stops.
pub(crate) struct Observer {
    shared: Arc<Shared>,
    host: Arc<dyn ReplicaHost>,
    poll: Poll,
    findings: Findings,
    status: HostStatus,
}

/// What one activation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Surveyed {
    /// So many replicas were seen.
    Seen { replicas: usize },
    /// The host did not answer, or not readably.
    Failed { error: String },
}

impl Observer {
    pub fn new(shared: Arc<Shared>, host: Arc<dyn ReplicaHost>) -> Self {
        let status = HostStatus {
            host: host.id().clone(),
            build: None,
            trust: None,
            last_survey: None,
            last_error: None,
            last_error_at: None,
            requests: 0,
        };
        Self {
            shared,
            host,
            poll: Poll::default(),
            findings: Findings::default(),
            status,
        }
    }

    /// Surveys until told to stop.
    pub async fn run(mut self) {
        if let Err(error) = self.recall().await {
            tracing::warn!(host.id = %self.host.id(), error = %chain(&error), "what is known of this host could not be read");
        }
        loop {
            if let Err(error) = self.activate().await {
                tracing::error!(host.id = %self.host.id(), error = %chain(&error), "a poll could not be written");
            }
            self.shared.wake_plan.notify_one();
            let poll = self.shared.config.poll();
            let next = self.shared.now() + TimeDelta::from_std(poll).unwrap_or(TimeDelta::zero());
            self.shared.board.next_survey_set(self.host.id(), next);
            let floor = self.shared.config.poll_real_min;
            let pause = self.shared.ports.world.sleep(poll, floor);
            tokio::select! {
                biased;
                () = self.shared.hard.cancelled() => return,
                () = pause => {}
                () = self.shared.wake_observers.notified() => {}
            }
        }
    }

    /// Takes up the host's last status and its replicas' open intervals.
    pub async fn recall(&mut self) -> Result<(), StoreError> {
        let shared = self.shared.clone();
        let store = &shared.ports.store;
        if let Some(known) = store
            .hosts()
            .await?
            .into_iter()
            .find(|h| h.host == *self.host.id())
        {
            self.status = known;
        }
        let open = store.findings(&SITE).await?;
        self.findings.recall(self.host.id(), open);
        let here = self.host.id().clone();
        for replica in store
            .replicas(&SITE)
            .await?
            .into_iter()
            .filter(|r| r.host == here)
        {
            self.take_over(replica.id).await?;
        }
        Ok(())
    }

    /// What is open of a replica in the store, whoever's poll opened it: another host's, or another process's.
    async fn take_over(&mut self, replica: ReplicaId) -> Result<(), StoreError> {
        let store = &self.shared.ports.store;
        let now = self.shared.now();
        let intervals = store
            .blocker_intervals(&SITE, replica, now - TimeDelta::seconds(1), now)
            .await?;
        self.poll
            .open_set(replica, intervals.into_iter().filter(|i| i.to.is_none()));
        if let Some(status) = store.status(&SITE, replica).await? {
            self.poll.since_set(&status);
        }
        Ok(())
    }

    /// One survey, written in one transaction.
    pub async fn activate(&mut self) -> Result<Surveyed, StoreError> {
        let stored = self
            .shared
            .ports
            .store
            .hosts()
            .await?
            .into_iter()
            .find(|h| h.host == *self.host.id());
        self.shared
            .board
            .enrolled_set(self.host.id(), stored.and_then(|h| h.trust));
        self.shared.may_ask(self.host.as_ref(), Errand::Poll).await;
        let seen_at = self.shared.now();
        let surveyed = match self.host.survey(seen_at).await {
            Ok(survey) => self.take(survey, seen_at).await?,
            Err(error) => self.miss(&error).await?,
        };
        self.shared.signs.observer(self.host.id(), self.shared.now());
        Ok(surveyed)
    }

    async fn take(&mut self, survey: Survey, seen_at: DateTime<Utc>) -> Result<Surveyed, StoreError> {
        let trust = self.shared.board.trust(self.host.id(), &survey.identity);
        self.status.build = Some(survey.identity.build.clone());
        self.status.trust = Some(trust.clone());
        self.status.last_survey = Some(seen_at);
        self.status.last_error = None;
        let shown = survey.replicas.iter().map(|s| s.observation.vm);
        let shown = shown.chain(survey.unreadable.iter().map(|u| u.vm)).collect();
        self.shared.board.shown_set(self.host.id(), shown, seen_at);
        let sighted = Sighted::of(self.host.id(), &survey, seen_at);
        self.shared.board.sighted_set(self.host.id(), sighted);
        self.findings.begin();
        self.findings.any_primary(self.host.id(), &survey, seen_at);
        self.findings.no_trust_group(self.host.id(), &survey, seen_at);
        let known = self.shared.ports.store.replicas(&SITE).await?;
        let elsewhere = known.iter().filter(|row| row.host != *self.host.id());
        let elsewhere: BTreeSet<ReplicaId> = elsewhere.map(|row| row.id).collect();
        self.poll.forget(&elsewhere);
        let mut write = self.poll.begin(seen_at);
        let mut seen = Vec::new();
        let mut strays = Vec::new();
        for sighting in &survey.replicas {
            let (tagged, foreign): (Vec<_>, Vec<_>) = sighting
                .checkpoints
                .iter()
                .partition(|checkpoint| names::parse(&checkpoint.name).is_some());
            // What is ours is ours whoever's the VM is now.
            strays.extend(tagged.into_iter().map(|checkpoint| Stray {
                host: self.host.id().clone(),
                checkpoint: checkpoint.clone(),
            }));
            let Some(replica) = self.identify(sighting, &survey, &known, seen_at) else {
                continue;
            };
            for checkpoint in foreign {
                self.findings
                    .foreign_checkpoint(self.host.id(), &replica, checkpoint, seen_at);
            }
            seen.push(replica.id);
            // It came from another host, whose poll knows what began there; from now on this one ends it.
            if elsewhere.contains(&replica.id) {
                self.take_over(replica.id).await?;
            }
            self.judge(&replica, sighting, &trust, &mut write);
            write.replicas.push(replica);
        }
        seen.extend(self.unreadable(&survey, &known, &mut write).await?);
        self.shared.board.strays_set(self.host.id(), strays);
        self.stale(&known, &seen, &mut write).await?;
        self.finish(write).await?;
        Ok(Surveyed::Seen { replicas: seen.len() })
    }

    fn judge(
        &mut self,
        replica: &Replica,
        sighting: &ReplicaSighting,
        trust: &HostTrust,
        write: &mut PollWrite,
    ) {
        let terms = Terms {
            judge: self.shared.ports.judge.as_ref(),
            trust,
            now: self.shared.now(),
            freshness_secs: self.shared.freshness_secs(replica.id),
        };
        let judged = self
            .shared
            .board
            .judge(replica.id, sighting.observation.clone(), terms);
        // A gate looked later and was faster: its look is the one to keep.
        let Some(judged) = judged.or_else(|| self.shared.board.newest(replica.id)) else {
            return;
        };
        let near = self.shared.board.is_near(replica.id);
        let fresh = self.shared.freshness_secs(replica.id);
        self.poll.status(replica.id, &judged, near, fresh, write);
    }

    /// VMs that are here and of which nothing can be said: unknown, never green, never skipped.
    async fn unreadable(
        &mut self,
        survey: &Survey,
        known: &[Replica],
        write: &mut PollWrite,
    ) -> Result<Vec<ReplicaId>, StoreError> {
        let now = self.shared.now();
        let mut seen = Vec::new();
        for vm in &survey.unreadable {
            let mine: Vec<_> = known
                .iter()
                .filter(|r| r.vm == vm.vm && r.host == *self.host.id())
                .collect();
            if mine.is_empty() {
                self.findings.unreadable(self.host.id(), vm, now);
            }
            for replica in mine {
                seen.push(replica.id);
                let why = Unknown::Unreadable {
                    what: vm.reason.clone(),
                };
                self.unknown(replica.id, why, write).await?;
            }
        }
        Ok(seen)
    }

    /// Writes that nothing can be said of a replica, beside the last look that there was.
    async fn unknown(
        &mut self,
        replica: ReplicaId,
        why: Unknown,
        write: &mut PollWrite,
    ) -> Result<(), StoreError> {
        let Some(status) = self.shared.ports.store.status(&SITE, replica).await? else {
            return Ok(());
        };
        let same_kind = std::mem::discriminant(&why);
        let now = self.shared.now();
        let limit = TimeDelta::seconds(i64::from(self.shared.freshness_secs(replica)));
        let unseen = Some(status.observation.seen_at + limit).filter(|from| *from < now);
        let since = match &status.verdict {
            Verdict::Unknown { why: before } if std::mem::discriminant(before) == same_kind => status.since,
            _ => unseen.unwrap_or(now),
        };
        let verdict = Verdict::Unknown { why };
        self.poll.codes(replica, &verdict, false, unseen, write);
        write.statuses.push(ReplicaStatus {
            verdict,
            since,
            ..status
        });
        Ok(())
    }

    async fn miss(&mut self, error: &HostError) -> Result<Surveyed, StoreError> {
        let text = chain(error);
        let now = self.shared.now();
        if self.status.last_error.as_deref() != Some(&text) {
            tracing::warn!(host.id = %self.host.id(), error = %text, "the host could not be surveyed");
            self.status.last_error = Some(text.clone());
            self.status.last_error_at = Some(now);
        }
        self.shared.board.silent_set(self.host.id());
        let known = self.shared.ports.store.replicas(&SITE).await?;
        let mut write = self.poll.begin(now);
        self.stale(&known, &[], &mut write).await?;
        self.finish(write).await?;
        Ok(Surveyed::Failed { error: text })
    }

    /// Replicas of this host that were not seen and whose last look is too old become `Unknown`.
    async fn stale(
        &mut self,
        known: &[Replica],
        seen: &[ReplicaId],
        write: &mut PollWrite,
    ) -> Result<(), StoreError> {
        let now = self.shared.now();
        let silent: BTreeMap<ReplicaId, &Replica> = known
            .iter()
            .filter(|r| r.host == *self.host.id() && !seen.contains(&r.id))
            .map(|r| (r.id, r))
            .collect();
        for replica in silent.keys() {
            let Some(status) = self.shared.ports.store.status(&SITE, *replica).await? else {
                continue;
            };
            let seen_at = status.observation.seen_at;
            let age_secs = (now - seen_at).num_seconds();
            let limit_secs = i64::from(self.shared.freshness_secs(*replica));
            if age_secs <= limit_secs
                || matches!(
                    status.verdict,
                    Verdict::Unknown {
                        why: Unknown::Stale { .. }
                    }
                )
            {
                continue;
            }
            let why = Unknown::Stale {
                seen_at,
                age_secs,
                limit_secs,
            };
            self.unknown(*replica, why, write).await?;
        }
        Ok(())
    }

    async fn finish(&mut self, mut write: PollWrite) -> Result<(), StoreError> {
        write.findings = self.findings.found();
        self.status.requests = self.host.requests();
        write.host = Some(self.status.clone());
        self.shared.ports.store.poll_write(write).await?;
        self.poll.written();
        for key in self.findings.gone() {
            match self
                .shared
                .ports
                .store
                .finding_resolve(&key, self.shared.now())
                .await
            {
                Ok(()) | Err(StoreError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
