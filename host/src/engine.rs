//! Starting an engine and staying with it until it ends.

mod ask;
mod choose;
mod endpoint;
#[cfg(target_os = "linux")]
mod native;
mod patience;
mod shell;
mod signals;
mod streams;
mod supervise;
mod watch;

pub use ask::{Answer, ask, ask_within, pull};
pub use choose::{Chosen, choose, choose_for_show, installed};
pub use signals::{Signals, Watched};
pub use streams::{Kept, Streams};
pub use supervise::{Ended, remove_container, run};

/// The first thing in `main`: becomes the native engine's helper if this process was
/// started as one, and then does not return.
pub fn take_over() {
    #[cfg(target_os = "linux")]
    native::take_over();
}

/// Starts a thread. Where there can be no more, that is an error and not the end of paude.
fn thread(work: impl FnOnce() + Send + 'static) -> crate::error::Result<()> {
    let started = std::thread::Builder::new().spawn(work);
    started.map(drop).map_err(|error| {
        crate::error::Error::failed(format!("cannot start a thread: {error}"))
            .hint("end something, or allow more processes: ulimit -u")
    })
}

/// Whether the built-in engine works, by starting it over this directory.
pub fn try_native(workspace: &std::path::Path) -> crate::error::Result<()> {
    #[cfg(target_os = "linux")]
    return native::attempt(workspace);
    #[cfg(not(target_os = "linux"))]
    Err(crate::error::Error::failed(format!("`{}` is not on Linux", workspace.display())))
}
