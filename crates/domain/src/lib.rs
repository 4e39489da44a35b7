//! The words and rules of Stillpoint: ids, what was observed, blockers, the gate, the proof.
//!
//! **Invariant:** nothing here performs I/O, reads a clock or draws randomness; the crate builds for wasm32.
//! Values derive serde because evidence is a document that is stored and shown (ADR "evidence is a document");
//! what the screens and the API receive are the DTOs of `console`.

pub mod alarm;
pub mod attempt;
pub mod attribution;
pub mod audit;
pub mod binding;
pub mod blocker;
pub mod cadence;
pub mod calendar;
pub mod causes;
pub mod code;
pub mod door;
pub mod evidence;
pub mod forecast;
pub mod gate;
pub mod ids;
pub mod job;
pub mod memory;
pub mod obligation;
pub mod observation;
pub mod opener;
pub mod pace;
pub mod planner;
pub mod policy;
pub mod proof;
pub mod sla;
pub mod story;
pub mod verdict;
pub mod words;
