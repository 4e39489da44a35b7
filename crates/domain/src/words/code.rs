//! Words for a blocker of which only the code is known: in plans, causes, stories and figures.

use crate::blocker::Actor;
use crate::code::Code;

impl Code {
    /// Its title; for B1 to B8 and BE the same that the blocker itself has.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::B1 => "A log is being applied",
            Self::B2 => "Last apply interrupted",
            Self::B3 => "Last apply failed",
            Self::B4 => "Replication health critical",
            Self::B5 => "Resynchronization",
            Self::B6 => "Migration in progress",
            Self::B7 => "Initial replication not complete",
            Self::B8 => "Failover in progress",
            Self::BE => "Other work on the replica",
            Self::NR => "Replica not ready",
            Self::UN => "State unknown",
        }
    }
    /// What it is, in the middle of a sentence: "blocked by ...".
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::B1 => "a log apply",
            Self::B2 => "an interrupted apply",
            Self::B3 => "a failed apply",
            Self::B4 => "critical replication health",
            Self::B5 => "resynchronization",
            Self::B6 => "migration",
            Self::B7 => "initial replication",
            Self::B8 => "failover",
            Self::BE => "other work on the replica",
            Self::NR => "a state that is not plainly fine",
            Self::UN => "an unknown state",
        }
    }
    /// The same for something that happened more than once: "14 deferrals by ...".
    #[must_use]
    pub fn nouns(self) -> &'static str {
        match self {
            Self::B1 => "log applies",
            Self::B2 => "interrupted applies",
            Self::B3 => "failed applies",
            _ => self.noun(),
        }
    }
    /// What makes it go away, as a clause after "until".
    #[must_use]
    pub fn release(self) -> &'static str {
        match self {
            Self::B1 => "the apply ends, usually within seconds to minutes",
            Self::B2 => "the next apply completes",
            Self::B3 => "a later apply completes or an operator resynchronizes",
            Self::B4 => "the cause is removed and the health is no longer critical",
            Self::B5 => "the resynchronization completes",
            Self::B6 => "the migration ends",
            Self::B7 => "the initial replication completes",
            Self::B8 => "the failover is committed, reverted or reversed",
            Self::BE => "the other export, backup, merge or checkpoint ends",
            Self::NR => "the host reports a plainly normal replica again",
            Self::UN => "the host shows its state again or a later apply completes",
        }
    }
    /// Whose move it is when nothing more is known.
    #[must_use]
    pub fn actor(self) -> Actor {
        match self {
            Self::B1 | Self::B2 => Actor::Nobody,
            Self::B3 | Self::B6 | Self::BE | Self::NR | Self::UN => Actor::Operator,
            Self::B4 | Self::B5 | Self::B8 => Actor::OperatorAndTenant,
            Self::B7 => Actor::Onboarding,
        }
    }
    /// Whether it may hold for hours and is not cured by looking more often: all but applies and other passing work.
    #[must_use]
    pub fn lasts(self) -> bool {
        !matches!(self, Self::B1 | Self::B2 | Self::BE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocker::{Blocker, StateOrJob};
    use crate::job::{Job, JobClass, JobState};
    use crate::observation::{ReplicationHealth, ReplicationState};
    use crate::words::explain;

    #[test]
    fn a_code_is_told_like_the_blocker_it_stands_for() {
        let job = || Job {
            id: "j".to_owned(),
            class: JobClass::Concrete,
            job_type: 108,
            state: JobState::from(10),
            error_code: 1,
            error_text: None,
            percent: 0,
            started: None,
            elapsed_ms: None,
            owner: None,
        };
        let seen = || StateOrJob::Job { job: job() };
        let blockers = [
            Blocker::FailoverInProgress { seen: seen() },
            Blocker::Migrating {
                job: None,
                operational_status: None,
            },
            Blocker::InitialReplication { seen: seen() },
            Blocker::Resynchronization { seen: seen() },
            Blocker::HealthCritical {
                relationship: 0,
                state: ReplicationState::from(8),
                health: ReplicationHealth::from(3),
            },
            Blocker::ApplyFailed { job: job() },
            Blocker::ApplyInterrupted { job: job() },
            Blocker::LogBeingApplied {
                job: None,
                operational_status: None,
            },
            Blocker::BusyElsewhere {
                job: None,
                operational_status: None,
                checkpoint: None,
            },
        ];
        for blocker in blockers {
            let words = explain(&blocker);
            let code: Code = words.code.parse().unwrap();
            assert_eq!((code.title(), code.actor()), (words.title.as_str(), words.actor));
        }
    }
}
