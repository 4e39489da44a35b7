//! Why an attempt does not go on.

use crate::ports::chain;
use domain::attempt::{Deferral, Failure};
use store::traits::StoreError;

/// Why the steps stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    Deferred(Box<Deferral>),
    Failed(Box<Failure>),
    LeaseLost,
    Abandoned { why: String },
}

impl From<Deferral> for Stop {
    fn from(reason: Deferral) -> Self {
        Self::Deferred(Box::new(reason))
    }
}
impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}
impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { .. } => Self::LeaseLost,
            // Without a journal nothing may be done, and nothing can be said either.
            other => Self::Abandoned { why: chain(&other) },
        }
    }
}
