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
    match PolicyThread::start(CodeSource::Custom(component), None, allowed, &mut deadline) {
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
    assert_eq!(start_error(bytes, allowed), "takes more than 1 s to compile");
}

#[test]
fn compile_memory_is_limited() {
    let allowed = Allowed { growth: 16 << 20, ..Allowed::DEFAULT };
    assert_eq!(
        start_error(slow_component(40_000), allowed),
        "made paude itself use more than 16 MiB of memory"
    );
}

/// The limit that ends a call of the built-in policy, which has 60 s of its own.
fn exceeded_limit(shares_time: bool, deadline: Duration) -> Option<String> {
    let time = Duration::from_secs(60);
    let allowed = Allowed { time, shares_time, ..Allowed::DEFAULT };
    let mut start = Deadline::after(time);
    let Ok(mut thread) =
        PolicyThread::start(CodeSource::Builtin(BuiltinPolicy::Python), None, allowed, &mut start)
    else {
        panic!("not started");
    };
    let wait = |_: &mut Guest| {
        std::thread::sleep(Duration::from_millis(200));
        Ok(())
    };
    match thread.call(wait, Deadline::after(deadline), || ()) {
        Err(PolicyFailure::Limit(limit)) => Some(limit.to_string()),
        _ => None,
    }
}

#[test]
fn the_deadline_ends_a_policy_that_has_time_of_its_own_left() {
    let ended = |shares_time| exceeded_limit(shares_time, Duration::ZERO).unwrap();
    assert_eq!(ended(true), "used more than 0 s of time together with the other policies");
    // Alone, it has used all of the time until the deadline.
    assert_eq!(ended(false), "used more than 60 s of time");
    assert_eq!(exceeded_limit(true, Duration::from_secs(60)), None);
}

#[test]
fn compiling_does_not_use_the_time_of_the_policies() {
    let spinner = Spinner::new(String::new, Duration::ZERO, false);
    let component = CustomComponent { bytes: slow_component(2000), cache: None, spinner };
    let mut deadline = Deadline::after(Duration::from_secs(60));
    let start = Instant::now();
    let allowed = Allowed { growth: usize::MAX, ..Allowed::DEFAULT };
    assert!(
        PolicyThread::start(CodeSource::Custom(component), None, allowed, &mut deadline).is_err()
    );
    let (took, used) = (start.elapsed(), Duration::from_secs(60) - deadline.left());
    assert!(used < took / 2, "{used:?} of {took:?}");
}
