//! The screens, one folder per area: `api` asks, `model` decides, `parts` draw.

mod activity;
mod day;
mod findings;
mod holds;
mod lists;
mod night;
mod not_found;
mod point;
mod policies;
mod replica;
mod replicas;
mod sla;
mod tenants;

pub use activity::Activity;
pub use day::Day;
pub use findings::Findings;
pub use holds::Holds;
pub use lists::{Attempts, Points};
pub use night::Night;
pub use not_found::NotFound;
pub use point::Point;
pub use policies::Policies;
pub use replica::Replica;
pub use replicas::Replicas;
pub use sla::Sla;
pub use tenants::Tenants;
