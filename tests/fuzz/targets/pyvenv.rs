//! What a hostile `pyvenv.cfg` may make the policy say.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| paude_guest::properties::pyvenv(bytes));
