//! The kit that all screens are made of.

mod command;
mod mark;
mod notice;
mod panel;
mod strip;
mod time;
mod told;

pub use command::command;
pub use mark::{mark, mark_class, mark_word, standing};
pub use notice::{empty, error_notice, loading};
pub use panel::{crumb, figure, none, panel, panel_of};
pub use strip::strip;
pub use time::{ahead, moment, moment_secs};
pub use told::told;
