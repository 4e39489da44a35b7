//! A store's failure as what a person may be told. The rest goes to the log, under the reference that the person got.

use crate::telling::chain;
use ::console::UiError;
use store::traits::StoreError;

/// A full disk or a busy file: worth another look after this long.
const RETRY_SECS: u32 = 15;

pub fn ui(error: StoreError) -> UiError {
    match error {
        StoreError::NotFound { what, id } => UiError::NotFound {
            what: what.to_owned(),
            id,
        },
        StoreError::Conflict { what, id } => UiError::Conflict {
            text: format!("{what} {id} has changed meanwhile: look again"),
        },
        StoreError::Leased { replica, .. } => UiError::Conflict {
            text: format!("an attempt on replica {replica} runs already"),
        },
        error @ StoreError::ChainMoved { .. } => UiError::Conflict {
            text: error.to_string(),
        },
        error @ StoreError::Full => {
            tracing::error!(error = chain(&error), "the state database has no room");
            UiError::Unavailable {
                what: "the state database".to_owned(),
                retry_secs: RETRY_SECS,
            }
        }
        error => internal(&error),
    }
}

pub(super) fn internal(error: &dyn std::error::Error) -> UiError {
    let reference = format!("{:08x}", rand::random::<u32>());
    tracing::error!(reference, error = chain(error), "a screen's question failed");
    UiError::Internal { reference }
}
