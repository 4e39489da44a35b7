//! The Hyper-V v2 vocabulary over WS-Management: replicas, jobs, checkpoints, export.
//!
//! The engine knows [`host::ReplicaHost`]; [`connect::WsmanHost`] is its implementation for real hosts. Tenants' own hosts are [`primary::PrimaryHost`]s.
//!
//! **Invariant:** what cannot be read is an error or an unreadable VM, never a row that is silently left out.

pub mod host;

pub mod connect;
pub mod primary;

mod ask;
mod checkpoint;
mod classes;
pub mod codes;
mod export;
#[doc(hidden)]
pub mod fuzzing;
mod gather;
mod identity;
mod jobs;
mod look;
mod survey;

pub use wsman::limits::Timeouts;
pub use wsman::tls::{Pin, Trust};
