//! Words for people: what each blocker is, what was seen, what releases it and whose move it is.

mod code;
mod not_ready;
mod outcome;
mod plan;
mod span;

pub use outcome::{explain_deferral, explain_failure, explain_hole, explain_proof_break};
pub use plan::{PlanWords, explain_move, explain_slack, explain_wait};
pub use span::{count, list, span};

use crate::blocker::{Actor, Blocker, StateOrJob, Unknown};
use crate::job::Job;
use crate::verdict::Verdict;

/// One reason, told completely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// `B1`..`B8`, `NR`, `BE`, `UN`.
    pub code: &'static str,
    pub title: String,
    /// What was seen, with the numbers.
    pub sentence: String,
    /// What makes it go away.
    pub release: String,
    pub actor: Actor,
}

impl Actor {
    /// Whose move it is, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Nobody => "nobody has to act",
            Self::Operator => "the operator",
            Self::Tenant => "the tenant",
            Self::OperatorAndTenant => "the operator and the tenant",
            Self::Onboarding => "whoever brings the replica in",
        }
    }
}

impl Blocker {
    /// `B1`..`B8`, `NR` or `BE`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::FailoverInProgress { .. } => "B8",
            Self::Migrating { .. } => "B6",
            Self::InitialReplication { .. } => "B7",
            Self::Resynchronization { .. } => "B5",
            Self::HealthCritical { .. } => "B4",
            Self::ApplyFailed { .. } => "B3",
            Self::ApplyInterrupted { .. } => "B2",
            Self::LogBeingApplied { .. } => "B1",
            Self::BusyElsewhere { .. } => "BE",
            Self::NotReady { .. } => "NR",
        }
    }
}

impl Verdict {
    /// The code of the first blocker, `UN`, or `None` when clear.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Clear => None,
            Self::Blocked { blockers } => Some(blockers.first().map_or("UN", Blocker::code)),
            Self::Unknown { .. } => Some("UN"),
        }
    }
    /// Every reason told, in evaluation order; empty when clear.
    #[must_use]
    pub fn words(&self) -> Vec<Words> {
        match self {
            Self::Clear => Vec::new(),
            Self::Blocked { blockers } => blockers.iter().map(explain).collect(),
            Self::Unknown { why } => vec![explain_unknown(why)],
        }
    }
}

/// Tells one blocker.
#[must_use]
pub fn explain(blocker: &Blocker) -> Words {
    let (title, sentence, release, actor) = match blocker {
        Blocker::FailoverInProgress { seen } => (
            "Failover in progress",
            format!(
                "The replica is failing over or has been failed over: {}.",
                state_or_job(seen)
            ),
            "The failover is committed, reverted or reversed",
            Actor::OperatorAndTenant,
        ),
        Blocker::Migrating {
            job,
            operational_status,
        } => (
            "Migration in progress",
            format!(
                "The replica or its storage is being moved: {}.",
                job_or_status(job, *operational_status)
            ),
            "The migration ends; the replica may then live on another host",
            Actor::Operator,
        ),
        Blocker::InitialReplication { seen } => (
            "Initial replication not complete",
            format!(
                "The replica does not hold a whole copy yet: {}.",
                state_or_job(seen)
            ),
            "The initial replication completes",
            Actor::Onboarding,
        ),
        Blocker::Resynchronization { seen } => (
            "Resynchronization",
            format!(
                "Primary and replica have to be compared and made equal again: {}.",
                state_or_job(seen)
            ),
            "The resynchronization completes and replication is normal again",
            Actor::OperatorAndTenant,
        ),
        Blocker::HealthCritical {
            relationship,
            state,
            health,
        } => (
            "Replication health critical",
            format!(
                "Relationship {relationship} reports health {} in state {}.",
                u16::from(*health),
                u16::from(*state)
            ),
            "The cause is removed and the health is no longer critical",
            Actor::OperatorAndTenant,
        ),
        Blocker::ApplyFailed { job } => (
            "Last apply failed",
            format!(
                "The newest apply ended with an error, so the disks may be torn: {}.",
                tell(job)
            ),
            "A later apply completes; if it keeps failing, an operator resynchronizes",
            Actor::Operator,
        ),
        Blocker::ApplyInterrupted { job } => (
            "Last apply interrupted",
            format!(
                "The newest apply was stopped half-way, so the disks may be torn: {}.",
                tell(job)
            ),
            "The next apply completes",
            Actor::Nobody,
        ),
        Blocker::LogBeingApplied {
            job,
            operational_status,
        } => (
            "A log is being applied",
            format!(
                "The host is writing a received log into the disks: {}.",
                job_or_status(job, *operational_status)
            ),
            "The apply ends, usually within seconds to minutes",
            Actor::Nobody,
        ),
        Blocker::BusyElsewhere {
            job,
            operational_status,
            checkpoint,
        } => (
            "Other work on the replica",
            match checkpoint {
                Some(id) => format!("A recovery checkpoint that is not ours exists: {id}."),
                None => format!(
                    "The host works on this VM for somebody else: {}.",
                    job_or_status(job, *operational_status)
                ),
            },
            "The other export, backup, merge or checkpoint ends",
            Actor::Operator,
        ),
        Blocker::NotReady { reason } => return not_ready::explain(reason),
    };
    Words {
        code: blocker.code(),
        title: title.to_owned(),
        sentence,
        release: release.to_owned(),
        actor,
    }
}

/// Tells why nothing can be said.
#[must_use]
pub fn explain_unknown(why: &Unknown) -> Words {
    let (title, sentence, release, actor) = match why {
        Unknown::NeverObserved => (
            "Never observed",
            "No host has shown this replica yet.".to_owned(),
            "A host that has it is reached",
            Actor::Operator,
        ),
        Unknown::Stale {
            seen_at,
            age_secs,
            limit_secs,
        } => (
            "Observation too old",
            format!(
                "Last seen {}, {age_secs} s ago; the limit is {limit_secs} s.",
                seen_at.to_rfc3339()
            ),
            "The host answers again",
            Actor::Operator,
        ),
        Unknown::Unreadable { what } => (
            "Host's answer unreadable",
            format!("This could not be read: {what}."),
            "The host answers completely",
            Actor::Operator,
        ),
        Unknown::JobHole { since, why } => (
            "Last apply unknown",
            format!(
                "{}, so an apply may have failed unseen. Nothing is known before {} (host's clock).",
                explain_hole(*why),
                since.to_rfc3339()
            ),
            "A later apply completes",
            Actor::Nobody,
        ),
    };
    Words {
        code: "UN",
        title: title.to_owned(),
        sentence,
        release: release.to_owned(),
        actor,
    }
}

fn state_or_job(seen: &StateOrJob) -> String {
    match seen {
        StateOrJob::State { relationship, state } => {
            format!(
                "relationship {relationship} is in state {} ({state:?})",
                u16::from(*state)
            )
        }
        StateOrJob::Job { job } => tell(job),
        StateOrJob::FailedOver {
            relationship,
            failed_over_type,
        } => {
            format!("relationship {relationship} has failed-over type {failed_over_type}")
        }
        StateOrJob::Started { enabled_state } => format!("the VM is running (enabled state {enabled_state})"),
    }
}

fn job_or_status(job: &Option<Job>, operational_status: Option<u16>) -> String {
    match (job, operational_status) {
        (Some(job), _) => tell(job),
        (None, Some(status)) => format!("operational status {status}"),
        (None, None) => "no detail was given".to_owned(),
    }
}

/// A job in words: type, state, error, start.
fn tell(job: &Job) -> String {
    let mut text = format!(
        "job {} of type {} in state {}",
        job.id,
        job.job_type,
        u16::from(job.state)
    );
    if job.error_code != 0 {
        text += &format!(", error {}", job.error_code);
    }
    if let Some(started) = job.started {
        text += &format!(", started {} on the host's clock", started.to_rfc3339());
    }
    text
}
