//! The words for every reason and outcome: the same on screen, in the API and in the attempt's record.

mod blockers;
mod outcomes;

pub use blockers::{Explained, actor, blocker, unknown};
pub use outcomes::{deferral, failure, finding, proof_break, step};
