//! The kit that all screens are made of.

mod mark;
mod notice;
mod panel;
mod strip;
mod time;

pub use mark::{mark, mark_class, mark_word, standing};
pub use notice::{empty, error_notice, loading};
pub use panel::{crumb, figure, panel};
pub use strip::{settled, strip};
pub use time::{ahead, moment, moment_secs};
