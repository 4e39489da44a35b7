//! The engine against a small model of a host, a vault of plain files and the real SQLite store, on a clock that moves by hand.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

mod alarm;
mod doctor;
mod driving;
mod fake_host;
mod fake_primary;
mod fake_vault;
mod foresight;
mod holds;
mod load;
mod night;
mod observing;
mod pausing;
mod saga;
mod starts;
mod world;
