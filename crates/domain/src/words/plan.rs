//! Words for what the planner decided: why an obligation waits, the number behind it, and what ends the wait.

use super::{count, span};
use crate::blocker::Actor;
use crate::code::Code;
use crate::planner::{Move, Wait};
use chrono::{DateTime, Utc};

/// A decision told completely. Instants stand apart, so that every reader's own clock can show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanWords {
    pub title: String,
    /// The reason with its number, and what ends the wait.
    pub sentence: String,
    pub code: Option<Code>,
    /// Whose move it is.
    pub actor: Actor,
    /// Since when the reason holds, if it has a beginning.
    pub since: Option<DateTime<Utc>>,
    /// When the reason ends by itself, if that is known.
    pub until: Option<DateTime<Utc>>,
    /// When it is looked at again at the latest; `None` where nothing waits.
    pub next: Option<DateTime<Utc>>,
}

impl PlanWords {
    fn new(title: impl Into<String>, sentence: String, actor: Actor) -> Self {
        Self {
            title: title.into(),
            sentence,
            code: None,
            actor,
            since: None,
            until: None,
            next: None,
        }
    }
}

/// Tells why an obligation waits.
#[must_use]
pub fn explain_wait(why: &Wait) -> PlanWords {
    match why {
        Wait::NotOpen => PlanWords::new(
            "Its window has not opened",
            "A backup made before the window opens would not count for this day; it may start when the window opens."
                .to_owned(),
            Actor::Nobody,
        ),
        Wait::Held(held) => PlanWords {
            until: Some(held.until),
            ..PlanWords::new(
                "Held by a person",
                format!(
                    "{} holds it: {}. Nothing starts until the hold ends or is lifted.",
                    held.author,
                    held.reason.trim_end_matches('.')
                ),
                Actor::Operator,
            )
        },
        Wait::NotSeen => PlanWords::new(
            "Not looked at yet",
            "No look at the replica has been had since Stillpoint started; it goes on with the first look."
                .to_owned(),
            Actor::Nobody,
        ),
        Wait::Blocked { code, since } => PlanWords {
            code: Some(*code),
            since: Some(*since),
            ..PlanWords::new(
                code.title(),
                format!("Blocked by {} ({code}) until {}.", code.noun(), code.release()),
                code.actor(),
            )
        },
        Wait::Stubborn { code } => PlanWords {
            code: Some(*code),
            ..PlanWords::new(
                "Refused although nothing was seen",
                format!(
                    "The last attempt was put off by {} ({code}) that no look shows. Only time helps: it is tried again after a pause.",
                    code.noun()
                ),
                Actor::Nobody,
            )
        },
        Wait::Backoff { failures } => PlanWords::new(
            "Waits after a failure",
            format!(
                "{} so far; the pause doubles with each one, and the next attempt comes when it is over.",
                count(u64::from(*failures), "attempt has failed", "attempts have failed")
            ),
            Actor::Nobody,
        ),
        Wait::NextApply { failures } => PlanWords::new(
            "Waiting for the end of an apply",
            format!(
                "{} so far, the last one because its proof did not hold: an apply touched the disks, or may have. The next one begins right after an apply has ended.",
                count(u64::from(*failures), "attempt has failed", "attempts have failed")
            ),
            Actor::Nobody,
        ),
        Wait::Breaker { failures } => PlanWords::new(
            "The host fails too often",
            format!(
                "{} in a row through this host. Nothing starts there until the pause is over; then one attempt tries it.",
                count(u64::from(*failures), "attempt has failed", "attempts have failed")
            ),
            Actor::Operator,
        ),
        Wait::HostFull { running } => full("The host is busy", "on this host", *running),
        Wait::TenantFull { running } => full("The tenant's share is used", "for this tenant", *running),
        Wait::VaultFull { running } => full("The vault is busy", "into this vault", *running),
        Wait::TotalFull { running } => full("All slots are used", "in all", *running),
        Wait::SlotKept { running } => PlanWords::new(
            "A slot is kept for another",
            format!(
                "{} in all. The next free slot is kept for a more urgent replica whose gap between two log applies is near.",
                count(u64::from(*running), "attempt runs", "attempts run")
            ),
            Actor::Nobody,
        ),
        Wait::Yields { to } => PlanWords::new(
            "Late, and others still can be in time",
            format!(
                "It can no longer be in time, and {} that can. It starts when they leave a slot, or two hours before its day ends.",
                count(u64::from(*to), "replica waits for a slot", "replicas wait for a slot")
            ),
            Actor::Nobody,
        ),
    }
}

fn full(title: &str, place: &str, running: u32) -> PlanWords {
    let attempts = count(u64::from(running), "attempt runs", "attempts run");
    PlanWords::new(
        title,
        format!(
            "{attempts} {place}, which is the limit; it may start when one of them ends and its turn has come."
        ),
        Actor::Nobody,
    )
}

/// Tells what is to be done about an obligation.
#[must_use]
pub fn explain_move(what: &Move) -> PlanWords {
    match what {
        Move::Start { pause: false } => PlanWords::new(
            "Starts now",
            "Nothing blocks it, a slot is free and it is its turn.".to_owned(),
            Actor::Nobody,
        ),
        Move::Start { pause: true } => PlanWords::new(
            "Starts now with its primary paused",
            "Log applies leave it no gap and time is short: the primary is paused until the host has accepted the checkpoint."
                .to_owned(),
            Actor::Nobody,
        ),
        Move::Wait { why, next, watch } => {
            let mut words = explain_wait(why);
            words.next = Some(*next);
            if *watch {
                words.sentence += " It is watched second by second.";
            }
            words
        }
        Move::GiveUp { failures } => PlanWords::new(
            "Given up",
            format!(
                "{}, which is the policy's limit. Nothing more is started by itself; a person may run it.",
                count(u64::from(*failures), "attempt failed", "attempts failed")
            ),
            Actor::Operator,
        ),
        Move::Running => PlanWords::new(
            "Runs",
            "An attempt on it is running; it ends with a restore point, a deferral or a failure.".to_owned(),
            Actor::Nobody,
        ),
    }
}

/// How much time is left beside what an attempt takes, in words.
#[must_use]
pub fn explain_slack(slack_secs: i64) -> String {
    let length = span(slack_secs.unsigned_abs());
    if slack_secs < 0 {
        format!("{length} too late to be met as expected")
    } else {
        format!("{length} to spare")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::Held;

    fn at(secs: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + secs, 0).unwrap()
    }
    fn waits() -> Vec<Wait> {
        let held = Held {
            until: at(60),
            reason: "Storage is being exchanged.".to_owned(),
            author: "ann".to_owned(),
        };
        let mut all = vec![
            Wait::NotOpen,
            Wait::Held(held),
            Wait::NotSeen,
            Wait::Backoff { failures: 1 },
            Wait::NextApply { failures: 2 },
            Wait::Breaker { failures: 7 },
            Wait::HostFull { running: 2 },
            Wait::TenantFull { running: 1 },
            Wait::VaultFull { running: 8 },
            Wait::TotalFull { running: 8 },
        ];
        for code in Code::ALL {
            all.push(Wait::Blocked { code, since: at(0) });
            all.push(Wait::Stubborn { code });
        }
        all
    }

    #[test]
    fn every_wait_is_told_in_whole_sentences_without_a_raw_instant() {
        for why in waits() {
            let words = explain_wait(&why);
            assert!(
                !words.title.is_empty() && !words.title.ends_with('.'),
                "{words:?}"
            );
            assert!(
                words.sentence.ends_with('.') && !words.sentence.contains(".."),
                "{words:?}"
            );
            assert!(
                !words.sentence.contains("UTC") && !words.sentence.contains("20"),
                "{words:?}"
            );
        }
    }

    #[test]
    fn the_number_and_what_ends_the_wait_are_named() {
        let cases = [
            (
                Wait::Breaker { failures: 7 },
                "7 attempts have failed in a row through this host. Nothing starts there until the pause is over; then one attempt tries it.",
            ),
            (
                Wait::Backoff { failures: 1 },
                "1 attempt has failed so far; the pause doubles with each one, and the next attempt comes when it is over.",
            ),
            (
                Wait::HostFull { running: 2 },
                "2 attempts run on this host, which is the limit; it may start when one of them ends and its turn has come.",
            ),
            (
                Wait::Blocked {
                    code: Code::B5,
                    since: at(0),
                },
                "Blocked by resynchronization (B5) until the resynchronization completes.",
            ),
        ];
        for (why, sentence) in cases {
            assert_eq!(explain_wait(&why).sentence, sentence);
        }
    }

    #[test]
    fn instants_stand_apart() {
        let why = Wait::Blocked {
            code: Code::B1,
            since: at(3),
        };
        let words = explain_move(&Move::Wait {
            why,
            next: at(9),
            watch: true,
        });
        assert_eq!(
            (words.since, words.until, words.next),
            (Some(at(3)), None, Some(at(9)))
        );
        assert!(words.sentence.ends_with("It is watched second by second."));
        assert_eq!(explain_wait(&waits()[1]).until, Some(at(60)));
    }

    #[test]
    fn every_move_has_words() {
        for what in [
            Move::Start { pause: false },
            Move::Start { pause: true },
            Move::GiveUp { failures: 8 },
            Move::Running,
        ] {
            let words = explain_move(&what);
            assert!(words.next.is_none() && words.sentence.ends_with('.'), "{words:?}");
        }
        assert_eq!(explain_slack(7_500), "2 hours 5 minutes to spare");
        assert_eq!(explain_slack(-60), "1 minute too late to be met as expected");
    }
}
