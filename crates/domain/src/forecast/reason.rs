//! What makes the most of a risk, with its numbers.

use super::{Place, Room};
use crate::code::Code;
use crate::words::{count, span};

/// The greatest part of a risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The blocker may outlast the slack.
    Blocked {
        code: Code,
        lasted_secs: u32,
        slack_secs: u32,
        /// Blockers of this kind here that lasted longer than this one has so far.
        seen: u32,
        /// Of these, those that lasted the slack out as well.
        outlasted: u32,
    },
    /// Time is too short for what attempts take here.
    Short {
        slack_secs: i64,
    },
    /// The attempt that runs may not end in time.
    Running {
        secs: u32,
        expected_secs: u32,
    },
    /// Too much is to be done before it.
    Room(Room),
    /// The replica's own days that were still open at this point of the window.
    Record {
        lost: u32,
        of: u32,
    },
    /// More deferrals by log applies than on any day before.
    Applies {
        deferrals: u32,
        most: u32,
    },
    GivenUp,
}

impl Reason {
    /// In one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Blocked {
                code,
                lasted_secs,
                slack_secs,
                seen,
                outlasted,
            } => {
                let so_far = format!(
                    "Blocked by {} ({code}) for {}, with {} to spare",
                    code.noun(),
                    span(u64::from(*lasted_secs)),
                    span(u64::from(*slack_secs))
                );
                match seen {
                    0 => format!("{so_far}; none here has lasted longer yet."),
                    _ => format!("{so_far}; of {seen} here that lasted as long, {outlasted} outlasted that."),
                }
            }
            Self::Short { slack_secs } if *slack_secs < 0 => format!(
                "An attempt is expected to end {} after it is due.",
                span(slack_secs.unsigned_abs())
            ),
            Self::Short { slack_secs } => format!(
                "There is only {} to spare beside what an attempt is expected to take.",
                span(slack_secs.unsigned_abs())
            ),
            Self::Running { secs, expected_secs } => format!(
                "An attempt has run for {} of the {} that are expected.",
                span(u64::from(*secs)),
                span(u64::from(*expected_secs))
            ),
            Self::Room(room) => format!(
                "This and what comes before it on {} need {} of slots; until it is due there is {}.",
                match room.place {
                    Place::Host => "the host",
                    Place::Site => "all hosts",
                },
                span(room.needed_secs),
                span(room.free_secs)
            ),
            Self::Record { lost: 0, of: 0 } => {
                "No day of this replica was still open at this point of the window.".to_owned()
            }
            Self::Record { lost, of } => format!(
                "Of {} still open at this point of the window, {lost} {} lost.",
                count(u64::from(*of), "day that was", "days that were"),
                if *lost == 1 { "was" } else { "were" }
            ),
            Self::Applies { deferrals, most } => format!(
                "{} by log applies so far; no day before had more than {most}.",
                count(u64::from(*deferrals), "deferral", "deferrals")
            ),
            Self::GivenUp => "Too many attempts failed: nothing more is started by itself.".to_owned(),
        }
    }
}
