//! What a person may be told when something cannot be shown or done.

use serde::{Deserialize, Serialize};

/// A failure in words for the reader of a screen. It never holds a driver's text: that is in the log under `reference`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "kebab-case")]
pub enum UiError {
    #[error("you are not logged in: log in and try again")]
    Unauthenticated,
    #[error("there is no {what} {id}: it may have been removed, or it belongs to somebody else")]
    NotFound { what: String, id: String },
    #[error("your role may not do this: ask the operator")]
    Forbidden,
    #[error("`{field}` is not valid: {text}")]
    Invalid { field: String, text: String },
    #[error("{text}")]
    Conflict { text: String },
    #[error("{what} cannot be reached at the moment: try again in {retry_secs} s")]
    Unavailable { what: String, retry_secs: u32 },
    #[error(
        "something went wrong on the server: give the operator the reference {reference}, the log has the details"
    )]
    Internal { reference: String },
}

impl UiError {
    /// The HTTP status that says the same.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Unauthenticated => 401,
            Self::NotFound { .. } => 404,
            Self::Forbidden => 403,
            Self::Invalid { .. } => 422,
            Self::Conflict { .. } => 409,
            Self::Unavailable { .. } => 503,
            Self::Internal { .. } => 500,
        }
    }
}
