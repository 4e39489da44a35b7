//! What the screens and the API may know: DTOs, [`UiError`] and the trait [`Console`].
//!
//! **Invariant:** no database, no network and no clock in here; the crate builds for wasm32. Every view carries `as_of`, the
//! instant at which it was true, and ages on screen are differences to it, so server and browser print the same.

mod console;
mod day;
mod error;
pub mod forms;
mod holds;
mod mark;
mod night;
mod outlook;
mod owed;
mod point;
mod policies;
mod query;
mod replica;
mod replicas;
mod sla;
mod tenants;
pub mod terms;
pub mod words;
mod zone;

pub use console::Console;
pub use day::{AttributionView, CalendarDay, CorrectionRow, DayView, ShareRow};
pub use domain::door::permission::Permission;
pub use domain::ids::{AttemptId, HostId, InvalidId, PointId, ReplicaId, TenantId, VmGuid};
pub use domain::policy::{BasisPoints, PauseTerms, RetryTerms, Terms};
pub use error::UiError;
pub use holds::{ActivityRow, ActivityView, Held, HoldRow, HoldsView};
pub use mark::{DayMark, Mark, Standing};
pub use night::{
    Bar, EndedCounts, FindingRow, HostRow, NightCounts, NightView, OwedCounts, RunningRow, TenantRow, Viewer,
};
pub use outlook::{Acknowledged, Cause, Forecast, NoticeRow, OpenAt, Pace, RiskRow};
pub use owed::{Chance, OwedView, PauseRow, PlanView};
pub use point::{
    AnswerRow, CheckRow, CommandRow, DiskRow, LookRow, PointRow, PointView, PointsPage, SealView,
};
pub use policies::{
    AssignmentRow, NextDay, PoliciesView, PolicyOf, PolicyRow, PolicySource, TermChange, VersionRow,
};
pub use query::{AttemptQuery, Direction, Filter, PointQuery, ReplicaQuery, Sort};
pub use replica::{
    AttemptRow, AttemptTick, AttemptsPage, BlockerView, CadenceView, Fact, Lane, ReplicaView, Requested,
    Span, StepRow, Timeline, VerdictKind, VerdictView,
};
pub use replicas::{FilterCount, ReplicaRow, ReplicasPage};
pub use sla::{
    Blame, Budget, DayFigures, GapView, LossRow, Ratio, SlaDay, SlaFigures, SlaQuery, SlaTenantRow, SlaView,
    Tally, WorstView,
};
pub use tenants::{
    BrandView, ClaimRow, FindingView, FindingsView, RuleAnswer, RulePreview, RuleQuery, RuleRow, TenantCard,
    TenantsView,
};
pub use zone::Zone;
