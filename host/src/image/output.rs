//! What the client of a build prints. It goes to paude's standard error, and is looked through for
//! one failure on its way, after which the build is tried again.

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use crate::engine::Engine;

/// What podman says if another process removed an image during a build: it looks for layers to use
/// again among those of all images (buildah's issue 5674, fixed in its version 1.43.1).
const LAYER_REMOVED: &[u8] = b"layer not known";

/// How long a process that the client left behind may keep the output open.
const CLOSING: Duration = Duration::from_secs(2);

/// The output of one client.
pub(super) struct ClientOutput {
    /// Gets whether the output names a removed layer, at its end; `None` if nobody looks.
    end: Option<Receiver<bool>>,
}

impl ClientOutput {
    /// Sets where the client writes. If it `fetches` images, it writes to the terminal itself, as
    /// it shows progress only there, and nobody looks.
    pub(super) fn attach(command: &mut Command, engine: Engine, fetches: bool) -> io::Result<Self> {
        if engine != Engine::Podman || (fetches && io::stderr().is_terminal()) {
            command.stdout(io::stderr().as_fd().try_clone_to_owned()?);
            return Ok(Self { end: None });
        }
        let (mut reader, writer) = io::pipe()?;
        command.stdout(OwnedFd::from(writer.try_clone()?)).stderr(OwnedFd::from(writer));
        let (sender, end) = mpsc::channel();
        std::thread::spawn(move || {
            let mut search = Search::default();
            let mut bytes = [0; 8192];
            while let Ok(length @ 1..) = reader.read(&mut bytes) {
                let read = bytes.get(..length).unwrap_or_default();
                let _ = io::stderr().write_all(read);
                search.look_through(read);
            }
            let _ = sender.send(search.is_found);
        });
        Ok(Self { end: Some(end) })
    }

    /// Whether the client, which has ended, named a layer that another process removed.
    pub(super) fn names_removed_layer(self) -> bool {
        self.end.is_some_and(|end| end.recv_timeout(CLOSING).unwrap_or(false))
    }
}

/// Looks for [`LAYER_REMOVED`] in what comes in pieces.
#[derive(Default)]
struct Search {
    /// The end of the pieces so far: less than what is looked for.
    tail: Vec<u8>,
    is_found: bool,
}

impl Search {
    fn look_through(&mut self, piece: &[u8]) {
        self.tail.extend_from_slice(piece);
        let mut windows = self.tail.windows(LAYER_REMOVED.len());
        self.is_found |= windows.any(|window| window == LAYER_REMOVED);
        let surplus = self.tail.len().saturating_sub(LAYER_REMOVED.len() - 1);
        self.tail.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_layer_is_found_in_pieces_and_nothing_else_is() {
        let is_found = |pieces: &[&str]| {
            let mut search = Search::default();
            pieces.iter().for_each(|piece| search.look_through(piece.as_bytes()));
            search.is_found
        };
        assert!(is_found(&["Error: getting top layer info: layer not known\n"]));
        assert!(is_found(&["layer", " ", "not kn", "own"]));
        assert!(!is_found(&["layer not", "known", "layer not k", "own"]));
    }
}
