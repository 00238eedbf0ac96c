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
mod marker;
pub mod plan;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod properties;
mod pyvenv;
mod resolve;
#[cfg(test)]
mod tests;

use paude_guest_shared::path;
pub use paude_guest_shared::{tree, types};

#[cfg(target_family = "wasm")]
#[expect(unsafe_code, reason = "generated: the canonical ABI")]
mod bindings {
    wit_bindgen::generate!({
        inline: "
            package paude:builtin;

            world builtin {
                use paude:isolation/types@0.1.0.{query, findings, refusal};
                include paude:isolation/policy@0.1.0;
                export node: interface {
                    use paude:isolation/types@0.1.0.{query, findings, refusal};
                    detect: func(query: query) -> result<findings, refusal>;
                }
                export rust: interface {
                    use paude:isolation/types@0.1.0.{query, findings, refusal};
                    detect: func(query: query) -> result<findings, refusal>;
                }
            }
        ",
        path: "../wit",
        world: "paude:builtin/builtin",
        with: { "paude:isolation/types@0.1.0": paude_guest_shared::types },
    });

    export!(Policy with_types_in self);
    use super::component::Policy;
}

/// The rules as the component exports them.
#[cfg(target_family = "wasm")]
mod component {
    use crate::bindings::exports::paude::isolation::{detection, planning};
    use crate::bindings::exports::{node, rust};
    use crate::tree::wasi::WasiTree;
    use crate::types::{Findings, Layout, Plan, Query, Refusal};
    use crate::{detect, plan};

    pub(crate) struct Policy;

    impl detection::Guest for Policy {
        fn detect(query: Query) -> Result<Findings, Refusal> {
            detect::detect(&WasiTree::open_root(&query)?, &query)
        }
    }

    impl planning::Guest for Policy {
        fn plan(findings: Findings, layout: Layout) -> Result<Plan, Refusal> {
            plan::plan(&findings, &layout)
        }
    }

    impl node::Guest for Policy {
        fn detect(query: Query) -> Result<Findings, Refusal> {
            paude_guest_node::detect(&WasiTree::open_root(&query)?, &query)
        }
    }

    impl rust::Guest for Policy {
        fn detect(query: Query) -> Result<Findings, Refusal> {
            paude_guest_rust::detect(&WasiTree::open_root(&query)?, &query)
        }
    }
}
