//! See `stillpoint::http::fuzzing::logo`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stillpoint::http::fuzzing::logo(bytes));
