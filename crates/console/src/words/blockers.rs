//! Blockers explained: what it is, what says so, what releases it, whose move it is.

use crate::{BlockerView, Mark};
use chrono::{DateTime, Utc};
use domain::blocker::{Actor, Blocker, JobHole, NotReady, Room, StateOrJob, Unknown};
use domain::job::Job;

/// A blocker in words, before the instants are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    pub code: &'static str,
    pub title: String,
    pub mark: Mark,
    pub sentence: String,
    pub evidence: String,
    pub releases: &'static str,
    pub actor: Actor,
    pub lasts: &'static str,
}

impl Explained {
    /// With since when it holds and when we look again.
    #[must_use]
    pub fn view(self, since: Option<DateTime<Utc>>, next_look: Option<DateTime<Utc>>) -> BlockerView {
        BlockerView {
            code: self.code.to_owned(),
            title: self.title,
            mark: self.mark,
            sentence: self.sentence,
            evidence: self.evidence,
            since,
            releases: self.releases.to_owned(),
            whose: actor(self.actor).to_owned(),
            lasts: self.lasts.to_owned(),
            next_look,
        }
    }
}

/// Whose move it is.
#[must_use]
pub fn actor(actor: Actor) -> &'static str {
    match actor {
        Actor::Nobody => "nobody",
        Actor::Operator => "operator",
        Actor::Tenant => "tenant",
        Actor::OperatorAndTenant => "operator and tenant",
        Actor::Onboarding => "onboarding",
    }
}

fn job_text(job: &Job) -> String {
    let mut text = format!("job type {} in state {}", job.job_type, u16::from(job.state));
    if job.error_code != 0 {
        text.push_str(&format!(", error {}", job.error_code));
    }
    if let Some(error) = &job.error_text {
        text.push_str(&format!(" ({error})"));
    }
    if let Some(owner) = &job.owner {
        text.push_str(&format!(", owner {owner}"));
    }
    text
}

fn job_or_status(job: Option<&Job>, status: Option<u16>) -> String {
    match (job, status) {
        (Some(job), _) => job_text(job),
        (None, Some(status)) => format!("operational status {status}"),
        (None, None) => "reported by the host".to_owned(),
    }
}

fn relationship(index: u8) -> &'static str {
    if index == 0 {
        "inbound relationship"
    } else {
        "extended relationship"
    }
}

fn seen_text(seen: &StateOrJob) -> String {
    match seen {
        StateOrJob::State {
            relationship: r,
            state,
        } => {
            format!(
                "replication state {} on the {}",
                u16::from(*state),
                relationship(*r)
            )
        }
        StateOrJob::Job { job } => job_text(job),
        StateOrJob::FailedOver {
            relationship: r,
            failed_over_type,
        } => {
            format!("failed-over type {failed_over_type} on the {}", relationship(*r))
        }
        StateOrJob::Started { enabled_state } => format!("enabled state {enabled_state}: the VM runs"),
    }
}

/// A blocker in words.
#[must_use]
pub fn blocker(blocker: &Blocker) -> Explained {
    match blocker {
        Blocker::FailoverInProgress { seen } => Explained {
            code: "B8",
            title: "Failover in progress".into(),
            mark: Mark::Missed,
            sentence: "The replica is taking over from its primary, so its disks are about to be, or already are, in use.".into(),
            evidence: seen_text(seen),
            releases: "The failover is committed, cancelled or reversed and replication runs again.",
            actor: Actor::OperatorAndTenant,
            lasts: "open-ended",
        },
        Blocker::Migrating { job, operational_status } => Explained {
            code: "B6",
            title: "Replica VM is migrating".into(),
            mark: Mark::Late,
            sentence: "The VM or its storage is being moved to another place; its disks change hands while that runs.".into(),
            evidence: job_or_status(job.as_ref(), *operational_status),
            releases: "The migration job ends; the replica is then looked for on its new host.",
            actor: Actor::Operator,
            lasts: "minutes to hours",
        },
        Blocker::InitialReplication { seen } => Explained {
            code: "B7",
            title: "Initial replication pending".into(),
            mark: Mark::Late,
            sentence: "The first full copy from the primary is not complete, so there is no whole disk to back up yet.".into(),
            evidence: seen_text(seen),
            releases: "Initial replication completes and the state becomes Replicating.",
            actor: Actor::Onboarding,
            lasts: "hours to days",
        },
        Blocker::Resynchronization { seen } => Explained {
            code: "B5",
            title: "Resynchronizing".into(),
            mark: Mark::Late,
            sentence: "Primary and replica are compared block by block, or that is due; until it ends the disks mix two times.".into(),
            evidence: seen_text(seen),
            releases: "Resynchronization completes and the state becomes Replicating.",
            actor: Actor::OperatorAndTenant,
            lasts: "hours to days",
        },
        Blocker::HealthCritical { relationship: r, state, health } => Explained {
            code: "B4",
            title: "Replication health critical".into(),
            mark: Mark::Missed,
            sentence: "Replication is broken or paused on the replica; the host does not back up a replica in this health.".into(),
            evidence: format!("health {}, replication state {} on the {}", u16::from(*health), u16::from(*state), relationship(*r)),
            releases: "The cause is fixed, or replication is resumed, and the health is no longer Critical.",
            actor: Actor::OperatorAndTenant,
            lasts: "until fixed",
        },
        Blocker::ApplyFailed { job } => Explained {
            code: "B3",
            title: "Previous apply failed".into(),
            mark: Mark::Missed,
            sentence: "The last change log could not be applied completely, so the disks may hold a part of it.".into(),
            evidence: job_text(job),
            releases: "A later apply completes; if it keeps failing, the operator starts a resynchronization.",
            actor: Actor::Operator,
            lasts: "may persist",
        },
        Blocker::ApplyInterrupted { job } => Explained {
            code: "B2",
            title: "Previous apply interrupted".into(),
            mark: Mark::Late,
            sentence: "The last apply was cancelled or cut off before it had finished, so the disks may hold a part of a log.".into(),
            evidence: job_text(job),
            releases: "The next apply completes.",
            actor: Actor::Nobody,
            lasts: "until the next good apply",
        },
        Blocker::LogBeingApplied { job, operational_status } => Explained {
            code: "B1",
            title: "Log being applied".into(),
            mark: Mark::Late,
            sentence: "The host is writing a received change log into the disks; in the middle of it they are torn.".into(),
            evidence: job_or_status(job.as_ref(), *operational_status),
            releases: "The apply ends, and the gap before the next one is used.",
            actor: Actor::Nobody,
            lasts: "seconds to minutes",
        },
        Blocker::BusyElsewhere { job, operational_status, checkpoint } => Explained {
            code: "BE",
            title: "Busy with another operation".into(),
            mark: Mark::Late,
            sentence: "Another export, backup, merge or checkpoint is at work on this VM; two at once would spoil each other.".into(),
            evidence: match checkpoint {
                Some(checkpoint) => format!("recovery checkpoint {checkpoint} that is not ours"),
                None => job_or_status(job.as_ref(), *operational_status),
            },
            releases: "The other operation ends and its checkpoint is gone.",
            actor: Actor::Operator,
            lasts: "minutes to hours",
        },
        Blocker::NotReady { reason } => not_ready(reason),
    }
}

fn not_ready(reason: &NotReady) -> Explained {
    let row = |title: &str, sentence: &str, evidence: String, releases: &'static str| Explained {
        code: "NR",
        title: title.to_owned(),
        mark: Mark::Late,
        sentence: sentence.to_owned(),
        evidence,
        releases,
        actor: Actor::Operator,
        lasts: "until changed",
    };
    match reason {
        NotReady::Mode { mode } => row(
            "Not a replica now",
            "The VM's replication mode is neither Replica nor Extended Replica.",
            format!("replication mode {mode}"),
            "The VM is a replica again.",
        ),
        NotReady::State {
            relationship: r,
            state,
        } => row(
            "Replication state not fine",
            "The replication state is none in which the disks are known to be whole.",
            format!("replication state {state} on the {}", relationship(*r)),
            "The state becomes Replicating.",
        ),
        NotReady::Health {
            relationship: r,
            health,
        } => row(
            "Health not readable",
            "The health is a number that no documentation names, so it is not taken for good.",
            format!("health {health} on the {}", relationship(*r)),
            "The host reports Normal or Warning.",
        ),
        NotReady::Enabled { enabled_state } => row(
            "Replica is not switched off",
            "A replica's disks are only still while the VM is off.",
            format!("enabled state {enabled_state}"),
            "The VM is switched off.",
        ),
        NotReady::VmHealth { health_state } => row(
            "VM reports a failure",
            "The VM's own health is not OK, for instance because its storage is missing.",
            format!("health state {health_state}"),
            "The host reports the VM as healthy.",
        ),
        NotReady::Operational { status } => row(
            "VM is not plainly OK",
            "The host reports an operational status that is not OK.",
            format!("operational status {status:?}"),
            "The operational status is OK.",
        ),
        NotReady::JobState { job } => row(
            "Job in an unknown state",
            "A job on this VM is in a state that no documentation names.",
            job_text(job),
            "The job ends or vanishes from the list.",
        ),
        NotReady::NoRelationship => row(
            "No replication relationship",
            "The host lists no inbound relationship for this VM.",
            "no relationship listed".into(),
            "Replication is set up again.",
        ),
        NotReady::HostUnproven { build } => row(
            "Host build not proven yet",
            "Nobody has shown that this host build refuses and holds as described, so it is not trusted with a backup.",
            format!("build {build}"),
            "`stillpoint doctor` passes on a canary replica of this build.",
        ),
        NotReady::HostTooOld { build } => row(
            "Host is too old",
            "The host has no reference points (Windows Server 2012 R2 or older).",
            format!("build {build}"),
            "The host is upgraded to Windows Server 2016 or newer.",
        ),
        NotReady::HoldTooLong {
            held_secs,
            hold_secs_max,
        } => row(
            "Applies were held back too long",
            "The last export ran into the policy's limit and was cancelled, so that the tenant's recovery point is not spent.",
            format!("held {held_secs} s, limit {hold_secs_max} s"),
            "The next try after a pause, or a higher `hold_secs_max`.",
        ),
        NotReady::NoRoom {
            place,
            needed_bytes,
            free_bytes,
        } => row(
            match place {
                Room::Staging => "No room on the staging share",
                Room::Vault => "No room in the vault",
            },
            "There is not enough free space to begin; nothing was started, so nothing was lost.",
            format!("{needed_bytes} bytes needed, {free_bytes} bytes free"),
            "Space is freed or added.",
        ),
    }
}

/// `Unknown` in words: never green, never skipped.
#[must_use]
pub fn unknown(why: &Unknown) -> Explained {
    let row =
        |title: &str, sentence: String, evidence: String, releases: &'static str, actor: Actor| Explained {
            code: "UN",
            title: title.to_owned(),
            mark: Mark::Unknown,
            sentence,
            evidence,
            releases,
            actor,
            lasts: "until seen",
        };
    match why {
        Unknown::NeverObserved => row(
            "Never observed",
            "Nothing has been read about this replica yet.".into(),
            "no observation".into(),
            "The first survey of its host.",
            Actor::Nobody,
        ),
        Unknown::Stale {
            age_secs, limit_secs, ..
        } => row(
            "No observation",
            "What was last read is too old to say anything about now.".into(),
            format!("last read {age_secs} s ago, limit {limit_secs} s"),
            "The host answers again.",
            Actor::Operator,
        ),
        Unknown::Unreadable { what } => row(
            "Answer not readable",
            "The host's answer could not be had or understood.".into(),
            what.clone(),
            "The host answers in a form that can be read.",
            Actor::Operator,
        ),
        Unknown::JobHole { why, .. } => row(
            "Last apply not seen",
            format!(
                "Finished applies are listed for five minutes only, and {}, so nobody knows how the last one ended.",
                match why {
                    JobHole::FirstLook => "this is the first look",
                    JobHole::HostRestart => "the host was restarted",
                    JobHole::ServiceRestart => "the management service was restarted",
                    JobHole::LooksTooFarApart => "more than five minutes passed between two looks",
                    JobHole::Moved => "the VM came from another host",
                }
            ),
            "hole in what is known of the jobs".into(),
            "The next apply that is seen to complete.",
            Actor::Nobody,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocker_says_what_it_is_what_releases_it_and_whose_move_it_is() {
        let view = blocker(&Blocker::LogBeingApplied {
            job: None,
            operational_status: Some(11),
        })
        .view(None, None);
        assert_eq!(
            (view.code.as_str(), view.title.as_str(), view.whose.as_str()),
            ("B1", "Log being applied", "nobody")
        );
        assert_eq!(view.evidence, "operational status 11");
        assert!(view.releases.ends_with('.'));
    }

    #[test]
    fn unknown_is_hatched_and_never_a_good_mark() {
        assert_eq!(unknown(&Unknown::NeverObserved).mark, Mark::Unknown);
    }
}
