//! The words for every reason and outcome: the same on screen, in the API and in the attempt's record. What was seen is told
//! by `domain::words`; here it gets its meaning, its mark and how long it usually lasts.

use crate::{BlockerView, Mark};
use chrono::{DateTime, Utc};
use domain::attempt::Step;
use domain::blocker::{Actor, Blocker, Unknown};
use domain::words::{Words, explain, explain_unknown};

/// A blocker explained, with since when it holds and when we look again.
#[must_use]
pub fn blocker(
    blocker: &Blocker,
    since: Option<DateTime<Utc>>,
    next_look: Option<DateTime<Utc>>,
) -> BlockerView {
    view(explain(blocker), since, next_look)
}

/// Why nothing is known, explained the same way: never green, never skipped.
#[must_use]
pub fn unknown(why: &Unknown, since: Option<DateTime<Utc>>, next_look: Option<DateTime<Utc>>) -> BlockerView {
    view(explain_unknown(why), since, next_look)
}

fn view(words: Words, since: Option<DateTime<Utc>>, next_look: Option<DateTime<Utc>>) -> BlockerView {
    BlockerView {
        mark: mark(words.code),
        sentence: meaning(words.code).to_owned(),
        lasts: lasts(words.code).to_owned(),
        whose: actor(words.actor).to_owned(),
        code: words.code.to_owned(),
        title: words.title,
        evidence: words.sentence,
        since,
        releases: words.release,
        next_look,
    }
}

/// The mark of a code: a cross where a person is needed, hatched where nothing is known, half where it passes.
#[must_use]
pub fn mark(code: &str) -> Mark {
    match code {
        "B3" | "B4" | "B8" => Mark::Missed,
        "UN" => Mark::Unknown,
        _ => Mark::Late,
    }
}

/// What a code means for the disks.
#[must_use]
pub fn meaning(code: &str) -> &'static str {
    match code {
        "B1" => {
            "The host is writing a received change log into the disks; in the middle of it they are torn."
        }
        "B2" => "The last apply was cancelled or cut off, so the disks may hold a part of a log.",
        "B3" => "The last change log could not be applied completely, so the disks may hold a part of it.",
        "B4" => {
            "Replication is broken, or paused on the replica; a host does not back up a replica in this health."
        }
        "B5" => {
            "Primary and replica are compared block by block, or that is due; until it ends the disks mix two times."
        }
        "B6" => "The VM or its storage is being moved to another place; its disks change hands meanwhile.",
        "B7" => {
            "The first full copy from the primary is not complete, so there is no whole disk to back up yet."
        }
        "B8" => "The replica is taking over from its primary; its disks are in use, or about to be.",
        "BE" => {
            "Another export, backup, merge or checkpoint works on this VM; two at once would spoil each other."
        }
        "UN" => "Nothing certain is known, and what is not known to be good is not trusted.",
        _ => "This state is not plainly fine, and what is not known to be good is not trusted.",
    }
}

/// How long a code usually holds.
#[must_use]
pub fn lasts(code: &str) -> &'static str {
    match code {
        "B1" => "seconds to minutes",
        "B2" => "until the next good apply",
        "B3" => "may persist",
        "B4" => "until fixed",
        "B5" | "B7" => "hours to days",
        "B6" | "BE" => "minutes to hours",
        "B8" => "open-ended",
        "UN" => "until it is seen",
        _ => "until it changes",
    }
}

/// Short title of a code, for lanes, chips and groups of several replicas.
#[must_use]
pub fn title(code: &str) -> &'static str {
    match code {
        "B1" => "Log being applied",
        "B2" => "Apply interrupted",
        "B3" => "Apply failed",
        "B4" => "Health critical",
        "B5" => "Resynchronizing",
        "B6" => "Migrating",
        "B7" => "Initial replication",
        "B8" => "Failover",
        "BE" => "Busy elsewhere",
        "UN" => "Not known",
        _ => "Not ready",
    }
}

/// Whose move it is, short.
#[must_use]
pub fn actor(actor: Actor) -> &'static str {
    match actor {
        Actor::Nobody => "nobody",
        Actor::Operator => "operator",
        Actor::Tenant => "tenant",
        Actor::OperatorAndTenant => "operator, tenant",
        Actor::Onboarding => "onboarding",
    }
}

/// A step as it is shown while it runs.
#[must_use]
pub fn step(step: Step) -> &'static str {
    match step {
        Step::Claim => "Claiming",
        Step::GateBefore => "Reading the gate",
        Step::PausePrimary => "Pausing the primary",
        Step::Checkpoint => "Checkpoint",
        Step::ResumePrimary => "Resuming the primary",
        Step::GateAt => "Reading the gate again",
        Step::Export => "Exporting",
        Step::Prove => "Proving",
        Step::Release => "Releasing the checkpoint",
        Step::Ingest => "Storing in the vault",
        Step::Seal => "Sealing",
        Step::CleanUp => "Cleaning up",
    }
}

/// Title of a finding's kind.
#[must_use]
pub fn finding(kind: &str) -> &'static str {
    match kind {
        "unmapped-replica" => "Replica of no tenant",
        "foreign-checkpoint" => "Foreign checkpoint",
        "any-primary" => "Host accepts any primary",
        "doubly-claimed" => "Replica of several tenants",
        "no-trust-group" => "Entries without a trust group",
        "no-policy" => "Replica without a policy",
        "same-guid" => "Same GUID twice",
        "left-behind" => "Left behind on a host",
        "point-without-snapshot" => "Point that cannot be restored",
        _ => "To look at",
    }
}

/// What a person does about a finding's kind.
#[must_use]
pub fn finding_remedy(kind: &str) -> &'static str {
    match kind {
        "unmapped-replica" => {
            "Make a rule that claims it for its tenant (Tenants), or end its replication. Until then it is not backed up."
        }
        "doubly-claimed" => {
            "Make the rules of all but one tenant narrower, or take one away (Tenants). Until then it is not backed up."
        }
        "foreign-checkpoint" => {
            "Find out whose it is: end the other product's job, or remove the checkpoint on the host. Stillpoint never does."
        }
        "any-primary" => {
            "On the host, replace the entry `*` by one entry per tenant with its own trust group."
        }
        "no-trust-group" => "On the host, give each of these entries its tenant's trust group.",
        "no-policy" => "Assign a policy to the replica, its tenant or the site (Policies).",
        "same-guid" => {
            "Ask which of the two is meant to be there, and remove the copy that is not wanted on its host."
        }
        "left-behind" => {
            "Look at the host whether it is ours, and remove it there; Stillpoint removes only what is its own beyond doubt."
        }
        "point-without-snapshot" => {
            "Restore the vault's files from their backup; `stillpoint verify` tells whether the point is whole again."
        }
        _ => "Look at it on the host.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocker_says_what_it_is_what_releases_it_and_whose_move_it_is() {
        let seen = Blocker::LogBeingApplied {
            job: None,
            operational_status: Some(11),
        };
        let view = blocker(&seen, None, None);
        assert_eq!((view.code.as_str(), view.whose.as_str()), ("B1", "nobody"));
        assert!(view.evidence.contains("11"), "{}", view.evidence);
        assert!(!view.releases.is_empty());
    }

    #[test]
    fn unknown_is_hatched_and_never_a_good_mark() {
        assert_eq!(unknown(&Unknown::NeverObserved, None, None).mark, Mark::Unknown);
    }
}
