//! Connections to the unix sockets of daemons and services.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Instant;

use crate::timeout;

/// The longest response that is read from a daemon, in bytes.
const MAX_RESPONSE: u64 = 1 << 20;

/// Whether a process of root listens on a socket of this machine, as the kernel says it; it
/// recorded that process when it began to listen. False if nobody answers, and on other systems.
///
/// A process of a user may pass everything on to a daemon of root, as those of virtual machines
/// do. So false does not mean that the daemon is not root's.
pub(super) fn is_served_by_root(socket: &Path) -> bool {
    UnixStream::connect(socket).is_ok_and(|stream| peer_is_root(&stream))
}

#[cfg(target_os = "linux")]
fn peer_is_root(stream: &UnixStream) -> bool {
    rustix::net::sockopt::socket_peercred(stream).is_ok_and(|peer| peer.uid.is_root())
}

#[cfg(not(target_os = "linux"))]
fn peer_is_root(_: &UnixStream) -> bool {
    false
}

/// Sends a request and returns the whole response, or an error after [`timeout::QUERY`]: a hung
/// daemon still accepts connections.
pub(super) fn request(socket: &Path, path: &str) -> io::Result<String> {
    let started = Instant::now();
    let mut daemon = UnixStream::connect(socket)?;
    daemon.set_write_timeout(Some(timeout::QUERY))?;
    // With HTTP/1.0 the daemon closes the connection after its response.
    daemon.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes())?;
    let mut response = Vec::new();
    loop {
        let left = timeout::QUERY.checked_sub(started.elapsed()).filter(|left| !left.is_zero());
        daemon.set_read_timeout(Some(left.ok_or(io::ErrorKind::TimedOut)?))?;
        let mut part = [0; 4096];
        match daemon.read(&mut part) {
            Ok(0) => break,
            Ok(length) => response.extend_from_slice(&part[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if response.len() as u64 > MAX_RESPONSE {
            return Err(io::Error::other("the response is longer than 1 MiB"));
        }
    }
    match response.is_empty() {
        true => Err(io::ErrorKind::UnexpectedEof.into()),
        false => Ok(String::from_utf8_lossy(&response).into_owned()),
    }
}
