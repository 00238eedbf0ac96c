//! The limits on compiling a component.

use std::time::{Duration, Instant};

use super::*;

/// A component with a function of this many blocks; 40,000 take seconds to compile.
fn slow_component(blocks: usize) -> Vec<u8> {
    let block =
        "(block (br_if 0 (local.get 0)) (local.set 0 (i32.add (local.get 0) (i32.const 1))))";
    let text = format!("(component (core module (func (param i32) {})))", block.repeat(blocks));
    wat::parse_str(text).unwrap()
}

/// The error message of starting a component.
fn start_error(bytes: Vec<u8>, allowed: Allowed) -> String {
    let spinner = Spinner::new(String::new, Duration::ZERO, false);
    let component = CustomComponent { bytes, cache: None, spinner };
    let mut deadline = Deadline::after(allowed.time);
    match PolicyThread::start(Some(component), None, allowed, &mut deadline) {
        Ok(_) => "started".to_owned(),
        Err(PolicyFailure::Limit(limit)) => limit.to_string(),
        Err(PolicyFailure::Invalid(inspection)) => inspection.faults[0].what.clone(),
        Err(PolicyFailure::Trap(what) | PolicyFailure::Host(what)) => what,
    }
}

#[test]
fn compile_time_is_limited() {
    // The compilation of the other test may still be running in this process.
    let (compile_time, growth) = (Duration::from_secs(1), usize::MAX);
    let allowed = Allowed { compile_time, growth, ..Allowed::DEFAULT };
    let bytes = slow_component(40_000);
    let start = Instant::now();
    assert_eq!(start_error(bytes, allowed), "takes more than 1 s to compile");
    assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
}

#[test]
fn compile_memory_is_limited() {
    let allowed = Allowed { growth: 16 << 20, ..Allowed::DEFAULT };
    assert_eq!(
        start_error(slow_component(40_000), allowed),
        "made paude itself use more than 16 MiB of memory"
    );
}
