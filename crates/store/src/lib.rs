//! What Stillpoint remembers: traits per aggregate, SQLite behind them, one conformance suite.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod records;
pub mod sqlite;
pub mod states;
pub mod traits;

pub use sqlite::SqliteStore;
