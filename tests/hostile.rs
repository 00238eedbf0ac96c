//! Nothing that a policy or a repository does may harm the host.
//!
//! - `authority`: a policy has no access but to read the project
//! - `bounds`: a policy ends within its limits, in one error that names it and the limit
//! - `results`: what a policy returns is checked
//! - `repository`: a project's own files grant it nothing
//!
//! Each test asserts the message and the code of the refusal, that nothing in the project changed,
//! and how much time and memory it took.

mod authority;
mod bounds;
mod judge;
pub mod policy;
mod repository;
mod results;

use libtest_mimic::Trial;

/// The tests of these modules.
pub fn trials() -> Vec<Trial> {
    let all = [authority::trials(), bounds::trials(), repository::trials(), results::trials()];
    all.into_iter().flatten().collect()
}
