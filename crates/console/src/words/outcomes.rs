//! How an attempt came out, its steps, findings.

use super::blockers::{blocker, unknown};
use domain::attempt::{Deferral, Failure, Step};
use domain::evidence::ProofBreak;

/// A step as it is shown while it runs.
#[must_use]
pub fn step(step: Step) -> &'static str {
    match step {
        Step::Claim => "Claiming",
        Step::GateBefore => "Reading the gate",
        Step::Checkpoint => "Checkpoint",
        Step::GateAt => "Reading the gate again",
        Step::Export => "Exporting",
        Step::Prove => "Proving",
        Step::Release => "Releasing the checkpoint",
        Step::Ingest => "Storing in the vault",
        Step::Seal => "Sealing",
        Step::CleanUp => "Cleaning up",
    }
}

/// Code and sentence of a deferral.
#[must_use]
pub fn deferral(reason: &Deferral) -> (&'static str, String) {
    match reason {
        Deferral::Blocked { blocker: b } => {
            let explained = blocker(b);
            (
                explained.code,
                format!("{} · {}", explained.title, explained.evidence),
            )
        }
        Deferral::Unknown { why } => {
            let explained = unknown(why);
            (
                explained.code,
                format!("{} · {}", explained.title, explained.evidence),
            )
        }
        Deferral::Refused {
            return_value,
            error_code,
            text,
            blocker: b,
        } => {
            let answer = match text {
                Some(text) => {
                    format!("the host refused the checkpoint ({return_value}, error {error_code}: {text})")
                }
                None => format!("the host refused the checkpoint ({return_value}, error {error_code})"),
            };
            match b {
                Some(b) => {
                    let explained = blocker(b);
                    (explained.code, format!("{} · {answer}", explained.title))
                }
                None => ("NR", format!("Refused · {answer}")),
            }
        }
    }
}

/// A failure in a sentence.
#[must_use]
pub fn failure(failure: &Failure) -> String {
    match failure {
        Failure::Unproven { breaks } => {
            let breaks: Vec<String> = breaks.iter().map(proof_break).collect();
            format!("Discarded, not proven still: {}", breaks.join("; "))
        }
        Failure::Incomplete { missing } => format!(
            "Discarded, incomplete: {} is missing from the export",
            missing.join(", ")
        ),
        Failure::Host { step: at, text } => format!("{}: the host answered: {text}", step(*at)),
        Failure::Vault { step: at, text } => format!("{}: the vault: {text}", step(*at)),
        Failure::LeaseLost => "Another worker took over".to_owned(),
        Failure::Killed { step: at } => format!(
            "The process ended in the step \u{201c}{}\u{201d}; what it had begun was undone",
            step(*at)
        ),
        Failure::Cancelled => "Cancelled".to_owned(),
    }
}

/// Why a proof does not hold.
#[must_use]
pub fn proof_break(why: &ProofBreak) -> String {
    match why {
        ProofBreak::LastApplyMoved { .. } => {
            "an apply completed between checkpoint and end of export".to_owned()
        }
        ProofBreak::LookGap { gap_secs, .. } => {
            format!("the job list was not read for {gap_secs} s (60 s at most)")
        }
        ProofBreak::Restarted { .. } => {
            "the host or its management service was restarted, which empties the job list".to_owned()
        }
        ProofBreak::ApplyInWindow { job } => format!(
            "an apply job (type {}, state {}) ran inside the window",
            job.job_type,
            u16::from(job.state)
        ),
        ProofBreak::ClockBackwards { .. } => "the host's clock ran backwards".to_owned(),
        ProofBreak::NotWatched => "nobody looked after the export had ended".to_owned(),
    }
}

/// Title of a finding's kind.
#[must_use]
pub fn finding(kind: &str) -> &'static str {
    match kind {
        "unmapped-replica" => "Replica of no tenant",
        "foreign-checkpoint" => "Foreign checkpoint",
        "any-primary" => "Host accepts any primary",
        "same-guid" => "Same GUID twice",
        "left-behind" => "Left behind on a host",
        _ => "To look at",
    }
}
