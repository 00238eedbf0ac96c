//! Runs with engines.
//!
//! - `real`: podman, docker and the native engine, as `cargo xtask test` prepared them
//! - `fake`: shell scripts that fail on demand, as no real engine does

mod fake;
mod real;

use libtest_mimic::Trial;

/// The tests of both.
pub fn trials() -> Vec<Trial> {
    [fake::trials(), real::trials()].into_iter().flatten().collect()
}
