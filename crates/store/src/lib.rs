//! What Stillpoint remembers: traits per aggregate, SQLite and the process's own memory behind them, one conformance suite.
//!
//! An aggregate is one file in `sqlite/`, one in `memory/` and one in `conformance/`; what both databases do alike is in `rules`.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod memory;
pub mod records;
mod rules;
pub mod sqlite;
pub mod states;
pub mod traits;

pub use memory::MemoryStore;
pub use sqlite::SqliteStore;
