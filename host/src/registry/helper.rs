//! The programs that keep logins, which podman and docker name in their files.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;

use serde::Deserialize;

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::escape::brief;
use crate::timeout;

/// The beginning of their names.
const PREFIX: &str = "docker-credential-";

/// Bytes of an answer.
const ANSWER_BYTES: u64 = 1 << 20;

/// A login, as these programs print it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct HelperLogin {
    pub(super) username: String,
    pub(super) secret: String,
}

/// Asks a program for the login of a registry; `None` if it has none. Fails if it has not answered
/// before the deadline.
pub(super) fn ask(helper: &str, registry: &str, deadline: Deadline) -> Result<Option<HelperLogin>> {
    let program = format!("{PREFIX}{helper}");
    let fail = |what: &str| {
        let program = brief(&program);
        Error::failed(format!("`{program}`, which keeps logins, {what}"))
    };
    if helper.contains('/') {
        return Err(fail("is not the name of a program"));
    }
    #[expect(clippy::disallowed_methods, reason = "the program that the user keeps logins with")]
    let mut command = Command::new(&program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let start = |error: std::io::Error| fail(&format!("cannot be started: {error}"));
    let mut child = command.spawn().map_err(start)?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read has an answer all the same, or fails. A pipe holds more.
        let _ = stdin.write_all(registry.as_bytes());
    }
    let ended = read_answer(&mut child, deadline);
    // What has not ended by now is of no use.
    let _ = child.kill();
    let _ = child.wait();
    let (status, answer) = ended.ok_or_else(|| {
        let seconds = deadline.time().as_secs();
        fail(&format!("did not answer within {seconds} s"))
            .hint("--timeout SECONDS gives it more time")
    })?;
    if answer.len() as u64 > ANSWER_BYTES {
        return Err(fail(&format!("printed more than {ANSWER_BYTES} bytes")));
    }
    if status.is_some_and(|status| status.success()) {
        let login = serde_json::from_slice(&answer).map_err(|_| fail("printed no login"))?;
        return Ok(Some(login));
    }
    let said = String::from_utf8_lossy(&answer);
    // The only way that these programs have to say it.
    match said.contains("credentials not found") {
        true => Ok(None),
        false => Err(fail(&format!("failed: {}", brief(said.trim())))),
    }
}

/// How a program ended, which it need not have if it printed too much, and what it printed.
type HelperAnswer = (Option<ExitStatus>, Vec<u8>);

/// Reads the answer of a program; `None` if it has not ended before the deadline.
fn read_answer(child: &mut Child, deadline: Deadline) -> Option<HelperAnswer> {
    let stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    // A thread that is left behind if a process that the program started keeps the pipe open.
    std::thread::spawn(move || {
        let mut answer = Vec::new();
        let _ = stdout.take(ANSWER_BYTES + 1).read_to_end(&mut answer);
        let _ = sender.send(answer);
    });
    let answer = receiver.recv_timeout(deadline.left()).ok()?;
    if answer.len() as u64 > ANSWER_BYTES {
        return Some((None, answer));
    }
    let status = timeout::wait_timeout(child, deadline.left())?;
    Some((Some(status), answer))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests start programs of their own")]
mod tests {
    use std::time::Duration;

    use super::*;

    fn answer(script: &str, seconds: u64) -> (Child, Option<HelperAnswer>) {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let answer = read_answer(&mut child, Deadline::after(Duration::from_secs(seconds)));
        let _ = child.kill();
        (child, answer)
    }

    #[test]
    fn no_program_is_waited_for_longer_than_the_deadline() {
        // One is silent, one has answered and does not end.
        for script in ["exec sleep 3600", "echo x; exec >&-; exec sleep 3600"] {
            let (mut child, answer) = answer(script, 1);
            assert!(answer.is_none(), "{script}");
            child.wait().unwrap();
        }
        // One leaves its output to another process, which ends with its input.
        let (mut child, answer) = answer("exec 3<&0; cat <&3 & exec sleep 0", 1);
        assert!(answer.is_none());
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn an_answer_is_read_up_to_its_limit() {
        let (mut child, found) = answer("echo x; exit 3", 3600);
        let (status, text) = found.expect("it has ended");
        assert_eq!((status.and_then(|status| status.code()), &text[..]), (Some(3), &b"x\n"[..]));
        child.wait().unwrap();
        let (mut child, found) = answer("exec cat /dev/zero", 3600);
        let (status, text) = found.expect("it printed too much");
        assert_eq!((status, text.len() as u64), (None, ANSWER_BYTES + 1));
        child.wait().unwrap();
    }
}
