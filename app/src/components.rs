//! The kit that all screens are made of.

mod command;
pub mod form;
mod hold;
mod mark;
mod notice;
mod panel;
mod strip;
mod time;
mod timeline;
mod told;

pub use command::command;
pub use hold::{capital_on, hold_list};
pub use mark::{mark, mark_class, mark_word, standing};
pub use notice::{empty, error_notice, loading};
pub use panel::{crumb, figure, none, panel, panel_of};
pub use strip::strip;
pub use time::{ahead, moment, moment_secs};
pub use timeline::timeline;
pub use told::told;
