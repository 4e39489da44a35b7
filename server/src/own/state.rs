//! What is the case with a machine now, in words for whoever it belongs to. Only the kind of a blocker is told: what a host said, and which
//! one it was, stays with the hoster.

use crate::console::OwnStanding;
use ::console::{Mark, VerdictKind, words};
use chrono::{DateTime, Utc};
use domain::blocker::Actor;
use domain::code::Code;

/// One machine's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    pub mark: Mark,
    /// `B1`..`B8`, `NR`, `BE`, `UN`; none while it runs or nothing is in the way.
    pub code: Option<Code>,
    pub title: &'static str,
    pub sentence: &'static str,
    /// Whose move it is.
    pub whose: &'static str,
    /// What ends it.
    pub until: &'static str,
    pub since: Option<DateTime<Utc>>,
    /// When it was looked at last.
    pub observed: Option<DateTime<Utc>>,
}

impl State {
    /// Of a standing.
    #[must_use]
    pub fn of(standing: &OwnStanding) -> Self {
        let (since, observed) = (standing.since, standing.observed);
        if let Some(began) = standing.running {
            return Self {
                mark: Mark::Running,
                code: None,
                title: "A backup is being made",
                sentence: "It counts once it is whole, proven and sealed; until then there is no restore point of it.",
                whose: "nobody's",
                until: "it is sealed, put off or given up",
                since: Some(began),
                observed,
            };
        }
        if standing.kind == VerdictKind::Clear {
            return Self {
                mark: Mark::Met,
                code: None,
                title: "Ready",
                sentence: "The copy of this machine is whole and at rest between two changes; nothing stands in the way of a backup.",
                whose: "nobody's",
                until: "the next change arrives",
                since,
                observed,
            };
        }
        let code = standing.code.unwrap_or(Code::UN);
        let (title, sentence, until) = told(code);
        Self {
            mark: words::mark(code.as_str()),
            code: Some(code),
            title,
            sentence,
            whose: whose(code.actor()),
            until,
            since,
            observed,
        }
    }
}

/// Whose move it is, to the tenant.
fn whose(actor: Actor) -> &'static str {
    match actor {
        Actor::Nobody => "nobody's, it passes by itself",
        Actor::Operator => "your hoster's",
        Actor::Tenant => "yours",
        Actor::OperatorAndTenant => "yours and your hoster's",
        Actor::Onboarding => "your hoster's, with you",
    }
}

/// Title, sentence, and what ends it.
fn told(code: Code) -> (&'static str, &'static str, &'static str) {
    match code {
        Code::B1 => (
            "A change is being written",
            "A change of your machine has arrived and is being written into its copy; in the middle of that the copy is not whole.",
            "it is written, usually within seconds to minutes",
        ),
        Code::B2 => (
            "The last change was cut off",
            "The last change was not written to its end, so the copy may hold a part of it.",
            "the next change is written",
        ),
        Code::B3 => (
            "The last change failed",
            "The last change could not be written completely, so the copy may hold a part of it.",
            "a later change is written, or your hoster compares both sides anew",
        ),
        Code::B4 => (
            "Replication is broken or paused",
            "Changes of your machine do not arrive as they should; a copy in that state is not backed up.",
            "replication is healthy again: look at the machine and its connection on your side, your hoster looks at theirs",
        ),
        Code::B5 => (
            "Being compared again",
            "Your machine and its copy are compared block by block, or that is due; until it ends the copy mixes two moments.",
            "the comparison is complete",
        ),
        Code::B6 => (
            "Being moved",
            "Your hoster moves the copy to another place; meanwhile it is not backed up.",
            "the move ends",
        ),
        Code::B7 => (
            "The first copy is not complete",
            "The first full copy of your machine has not arrived completely, so there is nothing whole to back up yet.",
            "the first copy is complete",
        ),
        Code::B8 => (
            "Failover",
            "The copy is taking over from your machine, or has taken over.",
            "the failover is finished or taken back",
        ),
        Code::BE => (
            "Other work on the copy",
            "Something else works on the copy, and two at once would spoil each other.",
            "that work ends",
        ),
        Code::NR => (
            "Not ready",
            "The copy is in a state that is not plainly fine, and what is not known to be good is not backed up.",
            "its state is plainly fine again",
        ),
        Code::UN => (
            "Not known",
            "Nothing certain is known of the copy at this moment, and what is not known to be good is not backed up.",
            "it is seen again, or a later change is written",
        ),
    }
}
