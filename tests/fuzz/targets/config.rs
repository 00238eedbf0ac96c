//! A settings file means what its JSON says, or is refused.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| paude::properties::config(bytes));
