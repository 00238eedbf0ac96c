//! What the built-in policies share.
//!
//! - [`tree`]: the read-only view of a project that all rules look through
//! - [`path`]: paths as the interface has them
//! - [`search`]: finds directories beside the files of a project, for policies whose rule needs
//!   no more than the names in one directory
//! - [`types`]: the types of the interface, documented in `wit/types.wit`
//!
//! For `wasm32-wasip2` it also has what a component needs in place of `std`, whose start-up
//! would ask for an environment, arguments, a clock and a terminal.

#![cfg_attr(all(target_family = "wasm", not(test)), no_std)]

extern crate alloc;

mod cache_tag;
mod finding;
pub mod path;
#[cfg(target_family = "wasm")]
mod runtime;
pub mod search;
#[cfg(not(target_family = "wasm"))]
#[doc(hidden)]
pub mod testing;
pub mod tree;

pub use bindings::paude::isolation::types;
pub use cache_tag::is_cache;

#[expect(missing_docs, reason = "documented in wit/")]
mod bindings {
    wit_bindgen::generate!({
        inline: "
            package paude:guest-shared;

            world types {
                import paude:isolation/types@0.1.0;
            }
        ",
        path: "../../wit",
        world: "paude:guest-shared/types",
        generate_all,
        generate_unused_types: true,
        additional_derives: [PartialEq, Eq],
    });
}
