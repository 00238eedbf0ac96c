//! Starting an engine and staying with it until it ends.

mod ask;
mod choose;
mod endpoint;
#[cfg(target_os = "linux")]
mod native;
mod patience;
mod signals;
mod streams;
mod supervise;
mod watch;

pub use ask::{Answer, ask};
pub use choose::{Chosen, choose, choose_for_show};
pub use signals::{Watched, watch};
pub use streams::{Kept, Streams};
pub use supervise::{Ended, remove_container, run};

/// The first thing in `main`: becomes the native engine's helper if this process was
/// started as one, and then does not return.
pub fn take_over() {
    #[cfg(target_os = "linux")]
    native::take_over();
}
