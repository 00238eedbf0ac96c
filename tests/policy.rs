//! How paude uses policies other than the built-in one.
//!
//! - `authoring`: `guest/README.md`, and the commands for those who write policies
//! - `cache`: compiled policies are kept, and code that others put there is not loaded
//! - `check`: what is reported about a policy that cannot be used
//! - `languages`: a copy of the built-in policy in Python returns what it returns, and two
//!   examples in C and JavaScript return the same as each other
//! - `several`: several policies together, and policies pinned to a hash

mod authoring;
mod cache;
mod check;
pub mod languages;
mod several;

use libtest_mimic::Trial;

/// The tests of these modules.
pub fn trials() -> Vec<Trial> {
    let modules =
        [authoring::trials, cache::trials, check::trials, languages::trials, several::trials];
    modules.into_iter().flat_map(|trials| trials()).collect()
}
