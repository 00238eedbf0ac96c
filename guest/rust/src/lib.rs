//! The policy `rust`: the directories in which cargo builds, which hold programs and absolute
//! paths of one machine.
//!
//! | directory | hidden |
//! |---|---|
//! | `target` | beside every `Cargo.toml` where it exists; reserved beside that of a package without a workspace, or of a workspace's root |
//! | `build.target-dir` of `.cargo/config.toml` | in its place, if it lies in the project |

#![cfg_attr(all(target_family = "wasm", not(test)), no_std)]

extern crate alloc;

mod manifest;
mod rule;
mod target_dir;
#[cfg(test)]
mod tests;
mod toml_strings;

pub use rule::detect;
