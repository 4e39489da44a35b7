//! What the screens and the API may know: DTOs, [`UiError`] and the trait [`Console`].
//!
//! **Invariant:** no database, no network and no clock in here; the crate builds for wasm32. Every view carries `as_of`, the
//! instant at which it was true, and ages on screen are differences to it, so server and browser print the same.

mod console;
mod error;
mod mark;
mod night;
mod point;
mod query;
mod replica;
mod replicas;
pub mod words;
mod zone;

pub use console::Console;
pub use domain::ids::{AttemptId, HostId, InvalidId, PointId, ReplicaId, TenantId, VmGuid};
pub use error::UiError;
pub use mark::{DayMark, Mark, Standing};
pub use night::{Bar, Cause, FindingRow, HostRow, NightCounts, NightView, OpenAt, RunningRow, TenantRow};
pub use point::{
    AnswerRow, CheckRow, CommandRow, DiskRow, LookRow, PointRow, PointView, PointsPage, SealView,
};
pub use query::{AttemptQuery, Direction, Filter, PointQuery, ReplicaQuery, Sort};
pub use replica::{
    AttemptRow, AttemptTick, AttemptsPage, BlockerView, CadenceView, Fact, Lane, ReplicaView, Requested,
    Span, StepRow, Timeline, VerdictKind, VerdictView,
};
pub use replicas::{FilterCount, ReplicaRow, ReplicasPage};
pub use zone::Zone;
