//! Why a door stayed shut.

use crate::telling::chain;
use store::traits::StoreError;

/// For the person at the door; what failed inside is logged where it is turned into one of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DoorFault {
    /// The same for a name that nobody has, a wrong password and somebody who is out.
    #[error("name or password is not right")]
    Wrong,
    #[error("this code is not right, or was used before")]
    WrongCode,
    #[error("too many tries: try again in {secs} s")]
    Wait { secs: u64 },
    #[error("this log-in is over: begin again")]
    Over,
    #[error("this link gives nothing any more: ask for a new one")]
    NoInvitation,
    /// `field` is not right.
    #[error("{text}")]
    Field { field: &'static str, text: String },
    /// Not there, or not theirs.
    #[error("there is no such {0}")]
    Missing(&'static str),
    #[error("{0}")]
    Conflict(String),
    #[error("this does not work at the moment: try again later")]
    Failed,
}

impl DoorFault {
    /// A field and what is wrong with it.
    pub(super) fn field(field: &'static str, text: impl ToString) -> Self {
        Self::Field {
            field,
            text: text.to_string(),
        }
    }

    /// Of what was not there, or met another state, in the words of the deed; the store's own failures are logged here.
    pub(super) fn of(error: &StoreError, missing: &'static str, conflict: &str) -> Self {
        match error {
            StoreError::NotFound { .. } => Self::Missing(missing),
            StoreError::Conflict { .. } => Self::Conflict(conflict.to_owned()),
            _ => {
                tracing::error!(error = chain(error), "a door could not be worked");
                Self::Failed
            }
        }
    }
}

impl From<StoreError> for DoorFault {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = chain(&error), "a door could not be worked");
        Self::Failed
    }
}
