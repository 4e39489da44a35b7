//! See `stillpoint::http::fuzzing::head`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stillpoint::http::fuzzing::head(bytes));
