//! The container engines, the choice of one, and queries to their clients.
//!
//! [`crate::execute`] runs a plan with one.

mod choose;
mod endpoint;
mod installation;
mod kind;
mod query;
mod socket;
mod streams;

pub use choose::ChosenEngine;
pub(crate) use choose::{User, choose, choose_for_display};
pub(crate) use endpoint::is_podman_service_local;
pub(crate) use installation::installed;
pub use kind::Engine;
pub(crate) use kind::{Client, DETACH_KEYS, EngineChoice, READ_ONLY_FIELD};
pub(crate) use query::{has_image, inspect_image, pull, query, query_within, reason_line};
pub(crate) use streams::{CaptureFiles, Streams};
