//! The screens, one folder per area: `api` asks, `model` decides, `parts` draw.

mod lists;
mod night;
mod not_found;
mod point;
mod replica;
mod replicas;

pub use lists::{Attempts, Points};
pub use night::Night;
pub use not_found::NotFound;
pub use point::Point;
pub use replica::Replica;
pub use replicas::Replicas;
