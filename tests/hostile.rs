//! Nothing that a policy or a repository does may harm the host.
//!
//! - `authority`: a policy has none
//! - `bounds`: it ends within its limits, in one error that names it and the limit
//! - `answers`: what it hands back is checked
//! - `repository`: a project's own files grant it nothing
//!
//! Each is asserted by the words and the code of the refusal, by the project being
//! byte for byte the same, and by what it cost.

mod answers;
mod authority;
mod bounds;
mod judge;
pub mod policy;
mod repository;

use libtest_mimic::Trial;

/// All of them.
pub fn trials() -> Vec<Trial> {
    [authority::trials(), bounds::trials(), answers::trials(), repository::trials()]
        .into_iter()
        .flatten()
        .collect()
}
