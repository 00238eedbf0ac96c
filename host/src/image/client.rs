//! Runs the `build` of an engine's client: hands the context over on its standard input, and ends
//! it when a signal comes.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::archive::{self, AddedFile, ArchiveFault};
use super::context::Context;
use super::output::ClientOutput;
use super::processes;
use crate::engine::{Engine, query};
use crate::error::{Error, Exit, Result};
use crate::execute::{SignalStream, Signals};

/// How often the client and the signals are looked at.
const POLL: Duration = Duration::from_millis(50);

/// How long to look for a process of the build before the client itself gets the signal.
const GRACE: Duration = Duration::from_secs(1);

/// How long a client may take to end after a signal, before it is killed.
const ENDING: Duration = Duration::from_secs(20);

/// How often a build is tried if images that others remove meanwhile make it fail.
const ATTEMPTS: u32 = 3;

/// One build.
#[derive(Debug)]
pub(super) struct BuildRequest<'b> {
    pub(super) engine: Engine,
    /// Its name in the engine.
    pub(super) reference: &'b str,
    pub(super) labels: &'b [String],
    /// The Dockerfile, in the archive.
    pub(super) file: &'b str,
    pub(super) target: Option<&'b str>,
    pub(super) args: Vec<String>,
    pub(super) platform: Option<&'b str>,
    pub(super) no_cache: bool,
    pub(super) pull: bool,
    /// Whether the engine lacks an image that this one begins with.
    pub(super) lacks_base: bool,
    pub(super) quiet: bool,
}

/// The end of a build that did not fail.
#[derive(Debug)]
pub(super) enum BuildEnd {
    /// The image with this id was built.
    Built(String),
    /// A signal ended the build, and paude ends with this.
    Interrupted(&'static str, Exit),
}

/// Why an attempt failed.
struct BuildFailure {
    error: Error,
    /// Whether a layer of an image that another process removed was missing.
    layer_removed: bool,
}

impl From<Error> for BuildFailure {
    fn from(error: Error) -> Self {
        Self { error, layer_removed: false }
    }
}

impl BuildRequest<'_> {
    /// The arguments of the client, which writes the image's id into a file.
    fn arguments(&self, id_file: &str, has_buildx: bool) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        let mut push = |new: &[&str]| words.extend(new.iter().map(|word| (*word).to_owned()));
        match (self.engine, has_buildx) {
            // A builder that runs in a container would keep the image to itself.
            (Engine::Docker, true) => push(&["buildx", "build", "--load"]),
            _ => push(&["build"]),
        }
        push(&["--iidfile", id_file, "--tag", self.reference, "--file", self.file]);
        match self.engine {
            Engine::Podman => {
                let pull = if self.pull { "--pull=always" } else { "--pull=missing" };
                push(&["--http-proxy=false", "--force-rm", pull]);
            }
            _ if self.pull => push(&["--pull"]),
            _ => {}
        }
        if self.engine == Engine::Docker && !has_buildx {
            push(&["--force-rm"]);
        }
        for (option, value) in [("--target", self.target), ("--platform", self.platform)] {
            if let Some(value) = value {
                push(&[option, value]);
            }
        }
        for (option, is_set) in [("--no-cache", self.no_cache), ("--quiet", self.quiet)] {
            if is_set {
                push(&[option]);
            }
        }
        self.args.iter().for_each(|arg| push(&["--build-arg", arg]));
        self.labels.iter().for_each(|label| push(&["--label", label]));
        push(&["-"]);
        words
    }

    /// Builds the image. The engine reports progress and errors on standard error.
    pub(super) fn run(
        &self,
        context: &Context,
        added: &[AddedFile],
        signals: &Signals,
    ) -> Result<BuildEnd> {
        let attempt = || self.attempt(context, added, signals);
        for _ in 1..ATTEMPTS {
            match attempt() {
                Err(BuildFailure { layer_removed: true, .. }) => {}
                ended => return ended.map_err(|failure| failure.error),
            }
            if !self.quiet {
                super::eprintln_line(
                    "Building again: an image was removed while this one was built",
                );
            }
        }
        attempt().map_err(|failure| failure.error)
    }

    fn attempt(
        &self,
        context: &Context,
        added: &[AddedFile],
        signals: &Signals,
    ) -> Result<BuildEnd, BuildFailure> {
        let dir = private_dir()?;
        let id_file = dir.path().join("id");
        let has_buildx =
            self.engine == Engine::Docker && query("docker", &["buildx", "version"]).ok;
        let id_argument = id_file.to_str().ok_or_else(|| not_utf8(&id_file))?;
        let arguments = self.arguments(id_argument, has_buildx);
        let (stream, _watch) = signals.watch()?;
        let (client, output) = self.start(&arguments, dir.path())?;
        let (status, fed) = supervise(client, context, added, stream);
        let layer_removed = output.names_removed_layer();
        let id = read_id(&id_file);
        remove(dir);
        if let Some((name, exit)) = signals.last_received() {
            return Ok(BuildEnd::Interrupted(name, exit));
        }
        match (status, fed) {
            (_, Some(ArchiveFault::Context(error))) => Err(error.into()),
            // podman ends with 0 although a signal ended its build, but then it writes no id.
            (Some(status), None) if status.success() && id.is_some() => {
                Ok(BuildEnd::Built(id.unwrap_or_default()))
            }
            (Some(status), fed) => {
                let why = match (status.success(), fed) {
                    (false, _) => format!("it ended with {status}"),
                    (true, Some(ArchiveFault::Writer(error))) => {
                        format!("it did not read the context: {error}")
                    }
                    (true, _) => "it reported no image".to_owned(),
                };
                let error =
                    Error::failed(format!("{} could not build the image: {why}", self.engine))
                        .hint("its own output says why; --no-build runs the image without it");
                Err(BuildFailure { error, layer_removed })
            }
            (None, _) => {
                Err(Error::failed(format!("the end of {} is unknown", self.engine)).into())
            }
        }
    }

    /// Starts the client in a directory where it finds no file of that name, and in a process
    /// group of its own: Ctrl-C would make podman leave behind what it was running.
    fn start(&self, arguments: &[String], dir: &Path) -> Result<(Child, ClientOutput)> {
        #[expect(clippy::disallowed_methods, reason = "the engine's own client")]
        let mut command = Command::new(self.engine.program());
        command.args(arguments).current_dir(dir).process_group(0).stdin(Stdio::piped());
        if self.engine == Engine::Podman {
            command.env("TMPDIR", dir); // where it puts the context
        }
        #[cfg(target_os = "linux")]
        crate::unsafe_calls::end_with_parent(&mut command, Signal::TERM);
        let client = ClientOutput::attach(&mut command, self.engine, self.pull || self.lacks_base)
            .and_then(|output| Ok((command.spawn()?, output)));
        client.map_err(|error| {
            Error::failed(format!("cannot start `{}`: {error}", self.engine.program()))
                .hint("fix its installation, or choose another engine with --engine")
        })
    }
}

/// Hands the context over, and waits for the client.
fn supervise(
    mut client: Child,
    context: &Context,
    added: &[AddedFile],
    mut signals: SignalStream,
) -> Supervised {
    let stdin = client.stdin.take();
    let (sender, faults) = mpsc::channel();
    std::thread::scope(|scope| {
        let feeder = scope.spawn(move || {
            let Some(mut stdin) = stdin else { return };
            if let Err(fault) = archive::write(context, added, &mut stdin) {
                // The client must not take what it has for the whole: it is killed before its
                // input ends.
                let _ = sender.send((fault, stdin));
            }
        });
        let (status, fault) = wait(&mut client, &faults, &mut signals);
        let _ = feeder.join();
        (status, fault.or_else(|| faults.try_recv().ok().map(|(fault, _)| fault)))
    })
}

/// How a client ended, and what went wrong with the context.
type Supervised = (Option<ExitStatus>, Option<ArchiveFault>);

/// Waits for the client to end; ends it after a signal, and kills it after a fault.
fn wait(
    client: &mut Child,
    faults: &Receiver<(ArchiveFault, ChildStdin)>,
    signals: &mut SignalStream,
) -> Supervised {
    let mut ending = None::<Ending>;
    let mut fault = None;
    loop {
        match client.try_wait() {
            Ok(None) => {}
            Ok(status) => return (status, fault),
            Err(_) => return (None, fault),
        }
        if let Ok((found, stdin)) = faults.try_recv() {
            let client_stopped_reading = matches!(
                &found,
                ArchiveFault::Writer(error) if error.kind() == io::ErrorKind::BrokenPipe
            );
            if !client_stopped_reading {
                let _ = client.kill();
                let _ = client.wait();
            }
            fault = Some(found);
            drop(stdin);
        }
        if ending.is_none() && signals.pending().next().is_some() {
            ending = Some(Ending::new());
        }
        if let Some(ending) = &mut ending {
            ending.go_on(client);
        }
        std::thread::sleep(POLL);
    }
}

/// A build that a signal ends.
struct Ending {
    since: Instant,
    /// When a process of the build was last killed.
    killed: Option<Instant>,
    asked: bool,
}

impl Ending {
    fn new() -> Self {
        Self { since: Instant::now(), killed: None, asked: false }
    }

    /// Ends what a RUN instruction has started: podman then fails and removes what it made, and
    /// does neither if the signal goes to itself. docker's client gets the signal, as its daemon
    /// is told by that.
    fn go_on(&mut self, client: &mut Child) {
        let pid = Pid::from_child(client);
        if processes::kill_contained(pid) {
            self.killed = Some(Instant::now());
        }
        let quiet = self.killed.unwrap_or(self.since).elapsed();
        if quiet >= GRACE && !self.asked {
            let _ = kill_process(pid, Signal::TERM);
            self.asked = true;
        }
        if self.since.elapsed() >= ENDING {
            let _ = client.kill();
        }
    }
}

/// A directory for the id and for the client's temporary files, which may be as large as the
/// context and the image: where podman has them too.
fn private_dir() -> Result<TempDir> {
    #[expect(clippy::disallowed_methods, reason = "it names the directory of temporary files")]
    let base = std::env::var_os("TMPDIR").filter(|dir| !dir.is_empty());
    let base = base.map_or_else(|| Path::new("/var/tmp").to_owned(), Into::into);
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("paude-build-");
    let dir = builder.tempdir_in(base).or_else(|_| builder.tempdir());
    dir.map_err(|error| Error::failed(format!("cannot create a temporary directory: {error}")))
}

fn not_utf8(path: &Path) -> Error {
    let path = crate::escape::shown_path(path);
    Error::failed(format!("`{path}` is not UTF-8")).hint("set TMPDIR to another directory")
}

/// Removes the directory, unless an engine that was killed left something mounted in it.
fn remove(dir: TempDir) {
    if processes::has_mount_below(dir.path()) {
        let _ = dir.keep();
    }
}

/// Reads the id of the image: `sha256:` and 64 digits.
fn read_id(file: &Path) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the engine wrote it for paude")]
    let file = File::open(file).ok()?;
    let mut text = String::new();
    file.take(200).read_to_string(&mut text).ok()?;
    let id = text.trim();
    let digits = id.strip_prefix("sha256:").unwrap_or(id);
    let is_id = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| format!("sha256:{digits}"))
}
