//! Detects a shadow that is lost while the container runs.
//!
//! Removing or renaming a mount point on the host (`rm -rf .venv`, a tool that recreates it)
//! detaches the container's mount, with every engine: from then on the container writes into
//! the host's new directory. So the mounts are read repeatedly while it runs: from the host
//! where `/proc` shows them, else by a process in the container.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Weak;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};

use super::ProcessId;
use super::outcome::{Milestone, Observer};
use crate::engine::Engine;
use crate::error::Error;
use crate::escape::shown_path;
use crate::run_spec::GuardedMount;
use crate::timeout;

/// How often the mounts are read, and a container that is not running yet is looked up.
const INTERVAL: Duration = Duration::from_millis(400);

/// The longest listing of mounts that is accepted from a container, in bytes.
const MAX_LISTING: u64 = 4 << 20;

/// The shadows of one container.
#[derive(Clone, Debug)]
pub(super) struct MountMonitor(pub(super) Vec<GuardedMount>);

impl MountMonitor {
    /// The error of a run whose shadow was lost; `gone` is whether its container was stopped.
    pub(super) fn error(path: &Path, gone: bool) -> Error {
        let path = shown_path(path);
        let then = if gone { "; the container was" } else { ", and the container cannot be" };
        let error = Error::guard(format!("`{path}` is no longer hidden{then} stopped"))
            .hint("something removed or renamed it on the host while the container ran");
        match gone {
            true => error,
            false => error.hint("the container writes into the host's directory"),
        }
    }

    /// The error of a command that was to join a container in which a shadow is not mounted.
    #[cfg(target_os = "linux")]
    pub(super) fn not_mounted(path: &Path) -> Error {
        let path = shown_path(path);
        Error::guard(format!("`{path}` is not hidden in the session; the command was not run"))
            .hint("something removed or renamed it on the host: end the session")
    }

    /// Waits until a shadow is lost in the mount namespace of this process, and returns its
    /// path. `None` once the process has ended, or if its mounts cannot be read from here.
    ///
    /// All shadows must be mounted already.
    pub(super) fn wait_on_host(&self, process: &OwnedFd) -> Option<PathBuf> {
        loop {
            if let Some(lost) = self.find_lost(process)? {
                return Some(lost);
            }
            std::thread::sleep(INTERVAL);
        }
    }

    /// The first shadow that is not mounted now; the outer `None` if mounts cannot be read.
    pub(super) fn find_lost(&self, process: &OwnedFd) -> Option<Option<PathBuf>> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let mounts = rustix::fs::openat(process, "mountinfo", flags, Mode::empty()).ok()?;
        let mut text = Vec::new();
        File::from(mounts).read_to_end(&mut text).ok()?;
        let points: HashSet<&[u8]> = text
            .split(|&byte| byte == b'\n')
            .filter_map(|line| line.split(|&byte| byte == b' ').nth(4))
            .collect();
        (!points.is_empty()).then(|| self.find_missing(&points))
    }

    fn find_missing(&self, points: &HashSet<&[u8]>) -> Option<PathBuf> {
        let missing = |guarded: &&GuardedMount| !points.contains(guarded.mountinfo_path.as_bytes());
        self.0.iter().find(missing).map(|guarded| guarded.path.clone())
    }

    /// Waits until a shadow is lost in an engine's container, and returns its path. `None` once
    /// the container has ended, or `running` is dropped before it starts.
    pub(super) fn wait_in_container(
        &self,
        engine: Engine,
        name: &str,
        running: &Weak<()>,
        observer: &Observer,
    ) -> Option<PathBuf> {
        let pid = loop {
            std::thread::sleep(INTERVAL);
            if running.strong_count() == 0 {
                return None;
            }
            // The engine may still be pulling the image.
            if let Some(pid) = container_pid(engine, name) {
                break pid;
            }
        };
        if self.0.is_empty() {
            // Nothing proves that a process of this number here is the container's.
            observer(Milestone::Started(None));
            return None;
        }
        if cfg!(target_os = "linux")
            && let Some(process) = process_directory(pid)
            && let Some(id) = ProcessId::of(pid)
            && self.find_lost(&process).is_some_and(|lost| lost.is_none())
        {
            observer(Milestone::Started(Some(id)));
            return self.wait_on_host(&process);
        }
        observer(Milestone::Started(None));
        self.wait_by_exec(engine, name)
    }

    /// The same by a process in the container that lists its mounts; `None` if it cannot run.
    fn wait_by_exec(&self, engine: Engine, name: &str) -> Option<PathBuf> {
        const SCRIPT: &str = include_str!("mount_monitor.sh");
        #[expect(clippy::disallowed_methods, reason = "the engine's own client")]
        let mut client = Command::new(engine.program())
            .args(["exec", "--workdir", "/", name, "/bin/sh", "-c", SCRIPT])
            // Keeps the terminal's signals from it.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let lost = self.read_listings(BufReader::new(client.stdout.take().expect("piped")));
        let _ = client.kill();
        let _ = client.wait();
        lost
    }

    /// Reads listings of mounts until two in a row lack a shadow, and returns its path: bash may
    /// skip lines of one, see `render/command.sh`. `None` at the end, and for a listing that is
    /// empty or longer than [`MAX_LISTING`].
    fn read_listings(&self, mut output: impl BufRead) -> Option<PathBuf> {
        let (mut listing, mut suspect) = (Vec::new(), None);
        loop {
            let room = MAX_LISTING.saturating_sub(listing.len() as u64);
            match output.by_ref().take(room).read_until(b'\n', &mut listing).ok()? {
                0 => return None,
                1 if listing == b"\n" => return None, // the container cannot see its mounts
                1 if listing.ends_with(b"\n\n") => {
                    let points = listing.split(|&byte| byte == b'\n').collect();
                    let missing = self.find_missing(&points);
                    if missing.is_some() && missing == suspect {
                        return missing;
                    }
                    suspect = missing;
                    listing.clear();
                }
                _ => {}
            }
        }
    }
}

/// Opens a process's directory in `/proc`, which also serves as a pidfd for
/// `pidfd_send_signal(2)`. Unlike the number, it never refers to a later process.
pub(super) fn process_directory(pid: u32) -> Option<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open(format!("/proc/{pid}"), flags, Mode::empty()).ok()
}

/// The host's process id of the container's first process.
fn container_pid(engine: Engine, name: &str) -> Option<u32> {
    let args = ["inspect", "--type", "container", "--format", "{{.State.Pid}}", name];
    let (_, text) = timeout::run_captured(engine.program(), &args, ".", timeout::QUERY).ok()?;
    text.trim().parse().ok().filter(|&pid| pid > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn monitor() -> MountMonitor {
        let guarded = |path: &str| GuardedMount { path: path.into(), mountinfo_path: path.into() };
        MountMonitor(vec![guarded("/p/.venv"), guarded("/p/b/.venv")])
    }

    #[test]
    fn returns_the_shadow_that_two_listings_in_a_row_lack() {
        let complete = "/\n/p\n/p/.venv\n/p/b/.venv\n\n";
        let (first, second) = ("/\n/p/b/.venv\n\n", "/\n/p/.venv\n\n");
        let lost = |listings: &str| monitor().read_listings(listings.as_bytes());
        assert_eq!(lost(complete), None);
        assert_eq!(lost(&format!("{complete}{second}{second}")), Some("/p/b/.venv".into()));
        assert_eq!(lost(&format!("{complete}{first}{first}{complete}")), Some("/p/.venv".into()));
        assert_eq!(lost(&format!("{first}{complete}{first}{second}")), None);
        assert_eq!(lost("\n\n"), None);
        // A listing without its empty line is incomplete and proves nothing.
        assert_eq!(lost(&format!("{complete}/\n/p/b/.venv\n")), None);
    }

    #[test]
    fn stops_reading_an_endless_listing() {
        let mut endless = BufReader::new(std::io::repeat(b'x').take(1 << 40));
        assert_eq!(monitor().read_listings(&mut endless), None);
        let mut lines = BufReader::new(std::io::Cursor::new(b"x\n".repeat(8 << 20)));
        assert_eq!(monitor().read_listings(&mut lines), None);
    }
}
