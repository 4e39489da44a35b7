//! Observers, plan loop, attempts as journaled sagas, rescuer and doctor.
//!
//! Start reading at [`driver`]. **Invariant:** the engine knows hosts, store and vault only as traits; it reads no clock of its
//! own ([`clock`]) and decides nothing that `domain` could decide.

pub(crate) mod alarm;
pub mod attempt;
pub mod board;
pub(crate) mod budget;
pub mod clock;
pub mod config;
pub mod doctor;
pub mod driver;
pub mod failpoint;
pub mod foresight;
pub mod judge;
pub mod names;
pub(crate) mod night;
pub mod observe;
pub mod pausing;
pub mod planned;
pub(crate) mod planning;
pub mod ports;
pub mod rescue;
pub(crate) mod shared;
pub mod sighted;
pub mod watch;
mod whose;

pub use clock::{MachineClock, SpedClock, SystemMachineClock, WorldClock};
pub use config::{EngineConfig, Staging};
pub use doctor::{DoctorFailure, DoctorReport, DoctorRequest};
pub use driver::{Begun, Engine, NotBegun, Outcome};
pub use foresight::Foreseen;
pub use judge::{DomainJudge, Judge};
pub use names::{Ids, RandomIds};
pub use pausing::TenantPrimary;
pub use planned::{Planned, Purpose};
pub use ports::{EngineStore, Heartbeat, Messenger, NotTold, PointVault, Ports, VaultFailure};
pub use sighted::{Sighted, Tenancy};
