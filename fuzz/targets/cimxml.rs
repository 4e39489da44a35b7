//! See `wsman::fuzzing::embedded`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| drop(wsman::fuzzing::embedded(bytes)));
