//! What Stillpoint remembers: traits per aggregate, SQLite behind them, one conformance suite.

pub mod records;
pub mod traits;
