//! See `wsman::fuzzing::reply`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| drop(wsman::fuzzing::reply(bytes)));
