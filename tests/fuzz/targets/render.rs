//! An engine reads back what was in the plan.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| paude::properties::render(bytes));
