//! Words for what an attempt came to.

use super::{Words, explain, explain_unknown};
use crate::attempt::{Deferral, Failure};
use crate::blocker::{Actor, JobHole};
use crate::evidence::ProofBreak;

/// What made the hole, as the beginning of a sentence.
#[must_use]
pub fn explain_hole(hole: JobHole) -> &'static str {
    match hole {
        JobHole::FirstLook => "This was the first look at the replica",
        JobHole::HostRestart => "The host was restarted",
        JobHole::ServiceRestart => "The host's management service was restarted and its job list emptied",
        JobHole::LooksTooFarApart => "More than five minutes passed between two looks",
        JobHole::Moved => "The replica was on another host before",
        JobHole::JobVanished => "An apply that was running vanished from the host's list",
    }
}

/// Tells why an attempt was put off.
#[must_use]
pub fn explain_deferral(deferral: &Deferral) -> Words {
    match deferral {
        Deferral::Blocked { blocker } => explain(blocker),
        Deferral::Unknown { why } => explain_unknown(why),
        Deferral::Refused {
            return_value,
            error_code,
            text,
            blocker,
        } => {
            let said = text.as_deref().map(|t| format!(" ({t})")).unwrap_or_default();
            let answer =
                format!("The host refused with return value {return_value}, error {error_code}{said}");
            match blocker {
                Some(blocker) => {
                    let words = explain(blocker);
                    Words {
                        sentence: format!("{answer}. {}", words.sentence),
                        ..words
                    }
                }
                None => Words {
                    code: "UN",
                    title: "Refused by the host".to_owned(),
                    sentence: format!("{answer}; a look right after showed no blocker."),
                    release: "The host accepts at a later moment".to_owned(),
                    actor: Actor::Nobody,
                },
            }
        }
    }
}

/// Tells why an attempt failed, in one sentence.
#[must_use]
pub fn explain_failure(failure: &Failure) -> String {
    match failure {
        Failure::Unproven { breaks } => {
            let all: Vec<String> = breaks.iter().map(explain_proof_break).collect();
            format!(
                "The data was discarded because its consistency is not proven: {}.",
                all.join("; ")
            )
        }
        Failure::Incomplete { missing } => {
            format!(
                "The export lacks {}; a point holds everything or is none.",
                missing.join(", ")
            )
        }
        Failure::Host { step, text } => format!("The host failed at step {step:?}: {text}."),
        Failure::Vault { step, text } => format!("The vault failed at step {step:?}: {text}."),
        Failure::LeaseLost => "Another worker took this replica over.".to_owned(),
        Failure::Killed { step } => {
            format!("The process ended in step {step:?}; what it had begun was undone.")
        }
        Failure::Cancelled => "The attempt was cancelled.".to_owned(),
        Failure::CancelledByPerson { author, reason } => {
            format!(
                "{author} cancelled the attempt: {}.",
                reason.trim_end_matches('.')
            )
        }
    }
}

/// Tells one break of the proof, as a clause.
#[must_use]
pub fn explain_proof_break(broken: &ProofBreak) -> String {
    let when =
        |at: &Option<chrono::DateTime<chrono::Utc>>| at.map_or("never".to_owned(), |at| at.to_rfc3339());
    match broken {
        ProofBreak::LastApplyMoved {
            relationship,
            before,
            after,
        } => {
            format!(
                "the last apply of relationship {relationship} moved from {} to {}",
                when(before),
                when(after)
            )
        }
        ProofBreak::LookGap { from, to, gap_secs } => {
            format!(
                "nobody looked for {gap_secs} s from {} to {}",
                from.to_rfc3339(),
                to.to_rfc3339()
            )
        }
        ProofBreak::Restarted { after, .. } => format!(
            "host or management service restarted (boot {}, service {})",
            after.booted_at.to_rfc3339(),
            after.service_started_at.to_rfc3339()
        ),
        ProofBreak::ApplyInWindow { job } => {
            format!(
                "apply job {} touched the window (state {})",
                job.id,
                u16::from(job.state)
            )
        }
        ProofBreak::StateMoved {
            relationship,
            state,
            at,
        } => {
            format!(
                "relationship {relationship} was in replication state {} at {}",
                u16::from(*state),
                at.to_rfc3339()
            )
        }
        ProofBreak::ClockBackwards { from, to } => {
            format!(
                "the host's clock ran backwards from {} to {}",
                from.to_rfc3339(),
                to.to_rfc3339()
            )
        }
        ProofBreak::NotWatched => "the end of the export was not watched".to_owned(),
    }
}
