//! The built-in policy of `paude`: which directories of a project are bound to
//! the machine that made them, and how they are hidden.
//!
//! The same rules run in two places. Compiled for `wasm32-wasip2` they are a
//! component for the world `policy` of `paude:isolation`, which sees a project
//! through `wasi:filesystem` and imports nothing else: no `std`, whose start-up
//! would ask for an environment, arguments, a clock and a terminal. Compiled
//! for the host they are a library, so that each rule is tested natively.
//!
//! - [`tree`]: the read-only view of a project that all rules look through
//! - [`detect`]: which directories to hide, and notes for the user
//! - [`plan`]: findings to mounts, without file access
//! - [`types`]: the types of the interface, documented in `wit/types.wit`

#![cfg_attr(all(target_family = "wasm", not(test)), no_std)]

extern crate alloc;

pub mod detect;
mod finding;
mod marker;
mod path;
pub mod plan;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod properties;
mod pyvenv;
mod resolve;
#[cfg(target_family = "wasm")]
mod runtime;
#[cfg(test)]
mod tests;
pub mod tree;

pub use bindings::paude::isolation::types;

#[expect(missing_docs, reason = "documented in wit/")]
#[cfg_attr(target_family = "wasm", expect(unsafe_code, reason = "generated: the canonical ABI"))]
mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        world: "policy",
        additional_derives: [PartialEq, Eq],
    });

    #[cfg(target_family = "wasm")]
    export!(Policy with_types_in self);
    #[cfg(target_family = "wasm")]
    use super::component::Policy;
}

/// The rules as the component exports them.
#[cfg(target_family = "wasm")]
mod component {
    use crate::bindings::exports::paude::isolation::{detection, planning};
    use crate::types::{Findings, Layout, Plan, Query, Refusal};
    use crate::{detect, plan, tree::wasi::WasiTree};
    use alloc::format;

    pub(crate) struct Policy;

    impl detection::Guest for Policy {
        fn detect(query: Query) -> Result<Findings, Refusal> {
            let tree = WasiTree::open(&query.root).ok_or_else(|| {
                Refusal::Invalid(format!("root `{}` is not a preopened directory", query.root))
            })?;
            detect::detect(&tree, &query)
        }
    }

    impl planning::Guest for Policy {
        fn plan(findings: Findings, layout: Layout) -> Result<Plan, Refusal> {
            plan::plan(&findings, &layout)
        }
    }
}
