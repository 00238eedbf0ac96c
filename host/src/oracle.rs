//! What holds whatever comes in, as functions of bytes that panic where it does not.
//!
//! Two callers draw the bytes: proptest in the tests of this module, as part of
//! `cargo test`, and libFuzzer in `tests/fuzz`. What the latter found is kept in
//! `tests/fuzz/cases` and played back here.
//!
//! - [`config`]: a settings file means what its JSON says, or is refused
//! - [`plan_check`]: what [`crate::plan::Plan::check`] lets through hides what it must
//!   and nothing else
//! - [`render`]: a reader of the engine's own syntax gets back what was in the plan

pub(crate) mod readers;
pub(crate) mod words;

pub use crate::config::oracle::config;
pub use crate::plan::oracle::plan_check;
pub use crate::render::oracle::render;

#[cfg(test)]
mod tests;
