//! Policies from registries: `paude policy pull`, and what is done with what it fetched.
//!
//! - `pull`: what a registry may send, and where it may lead; the registry is a thread of the test
//! - `login`: which login a registry gets, and that nobody else sees it
//! - `real`: Debian's `docker-registry`, filled by `skopeo`; `cargo xtask test` prepares both
//! - `store`: what was pulled is used, listed, verified and removed, and no run opens a connection

pub mod artifact;
mod login;
mod pull;
pub mod real;
mod server;
mod store;

use libtest_mimic::Trial;

pub use artifact::{component, store};

/// The tests of these modules.
pub fn trials() -> Vec<Trial> {
    [login::trials(), pull::trials(), real::trials(), store::trials()]
        .into_iter()
        .flatten()
        .collect()
}
