//! The parts of the `stillpoint` binary, so that tests and measurements start them as it does. Nothing else depends on it.

pub mod commands;
pub mod config;
pub mod console;
pub mod data;
pub mod deeds;
pub mod document;
pub mod doors;
pub mod emulated;
pub mod figures;
pub mod http;
pub mod keys;
pub mod looking;
pub mod lost;
pub mod own;
pub mod report;
pub mod secret_file;
pub mod takehome;
pub mod telling;
pub mod tenancy;
pub mod tonight;
pub mod trail;
pub mod webhook;
pub mod who;
pub mod wiring;
