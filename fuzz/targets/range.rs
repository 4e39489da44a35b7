//! See `stillpoint::http::fuzzing::range`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stillpoint::http::fuzzing::range(bytes));
