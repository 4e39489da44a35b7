//! Starting a whole lab - site, listeners, certificates, credentials - and steering a running one from outside.
//!
//! * [`run`]: [`start`] and the [`LabHandle`] it gives.
//! * [`server`]: the control endpoint on loopback, behind a token. [`client`]: what `stillpoint lab ctl` speaks to it with.
//! * [`files`]: what a lab keeps in the data directory.

pub mod client;
pub mod files;
pub mod run;
pub mod server;

pub use client::{ControlClient, ControlError};
pub use files::{Files, Running, RunningHost, RunningPrimary};
pub use run::{LabConfig, LabError, LabHandle, Ports, start};
