//! Properties that hold for any input: functions of bytes that panic if the property is broken.
//!
//! Two callers generate the bytes: proptest in the tests of this module, and libFuzzer in
//! `tests/fuzz`. Inputs with which libFuzzer found a bug are stored in `tests/fuzz/cases`, and
//! the tests here run them again.
//!
//! - [`config`]: a settings file has the meaning of its JSON, or is rejected
//! - [`plan_check`]: a result that [`crate::plan::Plan::check`] accepts hides every directory
//!   that was asked for, and no other
//! - [`render`]: a parser of the engine's syntax reads back the values of the plan

pub use crate::config::properties::config;
pub use crate::plan::properties::plan_check;
pub use crate::render::properties::render;

#[cfg(test)]
mod tests;
