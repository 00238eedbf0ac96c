//! What is let through hides what it must and nothing else.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| paude::properties::plan_check(bytes));
