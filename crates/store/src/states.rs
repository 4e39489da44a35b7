//! The attempt's states and the only ways between them.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> running: claim
//!     running --> running: journal (next step)
//!     running --> deferred: finish (a named blocker)
//!     running --> failed: finish
//!     running --> sealed: seal (with the point)
//!     deferred --> [*]
//!     failed --> [*]
//!     sealed --> [*]
//! ```
//!
//! Every arrow asks for the lease's newest token in the same transaction. The three ends have no way out: a correction is another
//! record. Clean-up after an end writes journal lines and changes no state.

use domain::attempt::AttemptState;

/// The states without what they carry, as the `state` column names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StateName {
    Running,
    Deferred,
    Failed,
    Sealed,
}

impl StateName {
    /// All of them, in the diagram's order.
    pub const ALL: [Self; 4] = [Self::Running, Self::Deferred, Self::Failed, Self::Sealed];

    /// The name of a state.
    #[must_use]
    pub fn of(state: &AttemptState) -> Self {
        match state {
            AttemptState::Running { .. } => Self::Running,
            AttemptState::Deferred { .. } => Self::Deferred,
            AttemptState::Failed { .. } => Self::Failed,
            AttemptState::Sealed { .. } => Self::Sealed,
        }
    }

    /// As stored and as on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Deferred => "deferred",
            Self::Failed => "failed",
            Self::Sealed => "sealed",
        }
    }

    /// Whether the diagram has an arrow from here to there.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (
                Self::Running,
                Self::Running | Self::Deferred | Self::Failed | Self::Sealed
            )
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_diagram_shows_exactly_the_transitions_that_are_allowed() {
        let diagram: Vec<(String, String)> = include_str!("states.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//!     "))
            .filter_map(|line| line.split_once(" --> "))
            .map(|(from, to)| (from.to_owned(), to.split(':').next().unwrap().trim().to_owned()))
            .filter(|(from, to)| from != "[*]" && to != "[*]")
            .collect();
        for from in StateName::ALL {
            for to in StateName::ALL {
                let drawn = diagram.contains(&(from.as_str().to_owned(), to.as_str().to_owned()));
                assert_eq!(
                    drawn,
                    from.may_become(to),
                    "{} --> {}",
                    from.as_str(),
                    to.as_str()
                );
            }
        }
    }
}
