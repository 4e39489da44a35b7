//! See `stillpoint::http::fuzzing::sealed`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stillpoint::http::fuzzing::sealed(bytes));
