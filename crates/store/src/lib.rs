//! What Stillpoint remembers: traits per aggregate, SQLite and the process's own memory behind them, one conformance suite.
//!
//! The traits of the first night are in `traits`, later ones stand with their records in files of their own (`obligations`...).
//! An aggregate is one file in `sqlite/`, one in `memory/` and one in `conformance/`; what both databases do alike is in `rules`.

pub mod alarm;
pub mod audit;
pub mod cancels;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod history;
pub mod holds;
pub mod invitations;
pub mod memory;
pub mod notices;
pub mod obligations;
pub mod once;
pub mod pauses;
pub mod people;
pub mod policies;
pub mod records;
mod rules;
pub mod sealed;
pub mod sessions;
pub mod sqlite;
pub mod states;
pub mod tenants;
pub mod throttle;
pub mod tokens;
pub mod traits;
pub mod wishes;

pub use memory::MemoryStore;
pub use sqlite::SqliteStore;
