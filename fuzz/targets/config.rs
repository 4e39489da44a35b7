//! See `stillpoint::http::fuzzing::config`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stillpoint::http::fuzzing::config(bytes));
