//! See `hyperv::fuzzing::rows`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hyperv::fuzzing::rows(bytes));
