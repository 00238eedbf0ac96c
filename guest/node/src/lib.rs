//! The policy `node`: the directories in which npm, yarn, pnpm and bun install packages, which
//! hold programs and native modules of one platform.
//!
//! | directory | hidden |
//! |---|---|
//! | `node_modules` | wherever it is, but for those in another one; reserved beside a `package.json` of a project |
//! | `.yarn/unplugged` | beside `.pnp.cjs`, or a `.yarnrc.yml` that names no other linker; reserved if it does not exist |
//! | `.pnpm-store` | wherever it is |

#![cfg_attr(all(target_family = "wasm", not(test)), no_std)]

extern crate alloc;

mod package;
mod rule;
#[cfg(test)]
mod tests;
mod yarn;

pub use rule::detect;
