//! Noticing that a shadow was lost while the container runs.
//!
//! Whoever removes or renames a mount point on the host (`rm -rf .venv`, a tool that
//! makes it anew) takes the container's mount away, in every engine: from then on the
//! container writes into the host's new directory. So the mounts are looked at while
//! it runs, from outside where `/proc` shows them, else from inside.

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

use super::patience;
use crate::error::Error;
use crate::escape::shown_path;
use crate::render::{Engine, Guarded};

/// How often the mounts are looked at.
const EVERY: Duration = Duration::from_millis(400);

/// Bytes of a look that comes out of a container: who says more is not believed.
const LOOK: u64 = 4 << 20;

/// What is watched: the shadows of one container.
#[derive(Clone, Debug)]
pub(super) struct Watch(pub(super) Vec<Guarded>);

impl Watch {
    /// The error that ends a run whose shadow is gone, and whether its container is.
    pub(super) fn error(path: &Path, gone: bool) -> Error {
        let path = shown_path(path);
        let then = if gone { "; the container was" } else { ", and the container cannot be" };
        let error = Error::guard(format!("`{path}` is no longer hidden{then} stopped"))
            .hint("something removed or renamed it on the host while the container ran");
        match gone {
            true => error,
            false => error.hint("it writes into the host's directory"),
        }
    }

    /// Looks until a shadow of the process is gone, and says which. `None` when the
    /// process has ended, or if its mounts cannot be seen from here. The caller knows that
    /// they were all there.
    pub(super) fn outside(&self, process: &OwnedFd) -> Option<PathBuf> {
        loop {
            if let Some(lost) = self.lost(process)? {
                return Some(lost);
            }
            std::thread::sleep(EVERY);
        }
    }

    /// Whether one is missing now; `None` if the mounts cannot be read.
    fn lost(&self, process: &OwnedFd) -> Option<Option<PathBuf>> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let mounts = rustix::fs::openat(process, "mountinfo", flags, Mode::empty()).ok()?;
        let mut text = Vec::new();
        File::from(mounts).read_to_end(&mut text).ok()?;
        let points: HashSet<&[u8]> = text
            .split(|&byte| byte == b'\n')
            .filter_map(|line| line.split(|&byte| byte == b' ').nth(4))
            .collect();
        (!points.is_empty()).then(|| self.missing(&points))
    }

    fn missing(&self, points: &HashSet<&[u8]>) -> Option<PathBuf> {
        let gone = |guarded: &&Guarded| !points.contains(guarded.spelling.as_bytes());
        self.0.iter().find(gone).map(|guarded| guarded.path.clone())
    }

    /// The same for a container of an engine, as long as its run is not over.
    pub(super) fn container(&self, engine: Engine, name: &str, run: &Weak<()>) -> Option<PathBuf> {
        if self.0.is_empty() {
            return None;
        }
        let pid = loop {
            std::thread::sleep(EVERY);
            if run.strong_count() == 0 {
                return None;
            }
            // It may still be pulling its image.
            if let Some(pid) = pid(engine, name) {
                break pid;
            }
        };
        if cfg!(target_os = "linux")
            && let Some(process) = process_directory(pid)
            && self.lost(&process).is_some_and(|lost| lost.is_none())
        {
            return self.outside(&process);
        }
        self.inside(engine, name)
    }

    /// By way of a process in the container that says what it sees; nothing is lost if
    /// there is none.
    fn inside(&self, engine: Engine, name: &str) -> Option<PathBuf> {
        #[expect(clippy::disallowed_methods, reason = "the engine's own client")]
        let mut client = Command::new(engine.to_string())
            .args(["exec", "--workdir", "/", name, "/bin/sh", "-c", include_str!("watch.sh")])
            // What a terminal sends to the run is not for this one.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let lost = self.said(BufReader::new(client.stdout.take().expect("piped")));
        let _ = client.kill();
        let _ = client.wait();
        lost
    }

    /// Reads looks until one lacks a shadow, and says which.
    fn said(&self, mut words: impl BufRead) -> Option<PathBuf> {
        let mut look = Vec::new();
        loop {
            let room = LOOK.saturating_sub(look.len() as u64);
            let read = words.by_ref().take(room).read_until(b'\n', &mut look).ok()?;
            match read {
                0 => return None,
                1 if look == b"\n" => return None, // it sees no mounts at all
                1 if look.ends_with(b"\n\n") => {
                    let points = look.split(|&byte| byte == b'\n').collect();
                    if let Some(lost) = self.missing(&points) {
                        return Some(lost);
                    }
                    look.clear();
                }
                _ => {}
            }
        }
    }
}

/// A process as `/proc` shows it, which can also be sent a signal (pidfd_send_signal(2)).
/// Through this nothing reaches another one that got its number once it has ended.
pub(super) fn process_directory(pid: u32) -> Option<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open(format!("/proc/{pid}"), flags, Mode::empty()).ok()
}

/// The container's first process, as this machine numbers it.
fn pid(engine: Engine, name: &str) -> Option<u32> {
    let args = ["inspect", "--type", "container", "--format", "{{.State.Pid}}", name];
    let (_, text) = patience::words(&engine.to_string(), &args, ".", patience::ANSWER).ok()?;
    text.trim().parse().ok().filter(|&pid| pid > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch() -> Watch {
        let guarded = |path: &str| Guarded { path: path.into(), spelling: path.into() };
        Watch(vec![guarded("/p/.venv"), guarded("/p/b/.venv")])
    }

    #[test]
    fn the_one_that_is_missing_in_a_look_is_named() {
        let whole = "/\n/p\n/p/.venv\n/p/b/.venv\n\n";
        let lost = |looks: &str| watch().said(looks.as_bytes());
        assert_eq!(lost(whole), None);
        assert_eq!(lost(&format!("{whole}{whole}/\n/p/.venv\n\n")), Some("/p/b/.venv".into()));
        assert_eq!(lost(&format!("{whole}/\n/p/b/.venv\n\n{whole}")), Some("/p/.venv".into()));
        assert_eq!(lost("\n\n"), None);
        // Cut off, it says nothing yet.
        assert_eq!(lost(&format!("{whole}/\n/p/b/.venv\n")), None);
    }

    #[test]
    fn an_endless_look_is_not_read_to_its_end() {
        let mut endless = BufReader::new(std::io::repeat(b'x').take(1 << 40));
        assert_eq!(watch().said(&mut endless), None);
        let mut lines = BufReader::new(std::io::Cursor::new(b"x\n".repeat(8 << 20)));
        assert_eq!(watch().said(&mut lines), None);
    }
}
