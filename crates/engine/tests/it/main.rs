//! The engine against a small model of a host, a vault of plain files and the real SQLite store, on a clock that moves by hand.

mod doctor;
mod driving;
mod fake_host;
mod fake_vault;
mod holds;
mod observing;
mod saga;
mod world;
