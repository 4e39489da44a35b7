//! Restore points in restic-format repositories, one per tenant under its own key.
//!
//! **Contract for the engine and the commands** (sync API; call it from a blocking thread):

pub mod contract;
