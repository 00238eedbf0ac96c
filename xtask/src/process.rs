//! Find other programs, run them, and report what failed.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

/// Prints one line of progress on stderr.
pub(crate) fn report(line: impl AsRef<str>) {
    eprintln!("xtask: {}", line.as_ref());
}

/// Runs a command and returns its stdout; the error of a failed one has the end of its output.
pub(crate) fn run_captured(command: &mut Command) -> Result<String> {
    let shown = format_command(command);
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot start `{shown}`"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
    }
    let mut printed = String::from_utf8_lossy(&output.stdout).into_owned();
    printed.push_str(&String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = printed.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines[lines.len().saturating_sub(8)..].join("\n  ");
    bail!("`{shown}` failed (exit code {}):\n  {last}", exit_code(output.status));
}

/// Whether a command can be started and succeeds; its output is discarded.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    run_captured(command).is_ok()
}

/// Runs a command with our standard streams and returns its exit code.
pub(crate) fn run(command: &mut Command) -> Result<u8> {
    let shown = format_command(command);
    let status = command.status().with_context(|| format!("cannot start `{shown}`"))?;
    Ok(exit_code(status))
}

/// An exit status as one byte, by the convention of shells (128 plus the number of a signal).
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let number = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    number.and_then(|number| u8::try_from(number).ok()).unwrap_or(1)
}

/// The cargo that started this program.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    cargo
}

/// The first program of that name on PATH or in the directories of system programs.
pub(crate) fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(system).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// The Python that the tests create host environments with: the system's own, else the first on PATH.
pub(crate) fn find_python() -> Option<PathBuf> {
    let system = PathBuf::from("/usr/bin/python3");
    if system.exists() { Some(system) } else { which("python3") }
}

/// Whether this process may install packages and become another user.
pub(crate) fn is_root() -> bool {
    static ROOT: OnceLock<bool> = OnceLock::new();
    *ROOT.get_or_init(|| run_captured(Command::new("id").arg("-u")).is_ok_and(|uid| uid == "0"))
}

/// A command as a line for a shell, to be read by people.
pub(crate) fn format_command(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    join_words(words.map(|word| word.to_string_lossy()))
}

/// Words as a line for a shell, to be read by people.
pub(crate) fn join_words<'a>(words: impl Iterator<Item = Cow<'a, str>>) -> String {
    let words: Vec<_> = words.collect();
    // Only a NUL byte cannot be quoted, and no command line has one.
    shlex::try_join(words.iter().map(AsRef::as_ref)).unwrap_or_else(|_| words.join(" "))
}

/// A path as one word of a shell script.
pub(crate) fn quote_path(path: &Path) -> Result<String> {
    let text = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
    Ok(shlex::try_quote(text)?.into_owned())
}
