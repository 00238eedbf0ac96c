//! What `podman run` and `docker run` have in common.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::{Argv, Engine, Job, Rendered, Unsupported, User, entry};
use crate::plan::{Plan, Shadow};

/// The longest destination that both engines take (measured: 3950 works, 4000 not).
const MAX_PATH: usize = 3950;

/// Where the two engines differ.
pub(super) struct Dialect {
    pub(super) engine: Engine,
    /// The `--mount` value of a shadow at a destination that [`Dialect::text`] took.
    pub(super) shadow: fn(&Shadow, destination: &str) -> String,
    /// The `--mount` value of the volume of that name.
    pub(super) volume: fn(&str, destination: &str) -> String,
    /// Keys that detach from a terminal would leave a container behind.
    pub(super) detach_keys: &'static str,
}

impl Dialect {
    /// The whole command line.
    pub(super) fn render(&self, plan: &Plan, job: &Job) -> Result<Rendered, Unsupported> {
        let mut args: Vec<OsString> = Vec::new();
        let mut push = |words: &[&str]| args.extend(words.iter().map(OsString::from));
        push(&["run", "--rm", "--interactive", "--name", &job.name]);
        let label = format!("paude.workspace={}", plan.workspace().as_path().display());
        push(&["--label", &label]);
        if job.tty {
            push(&["--tty", self.detach_keys]);
        }
        match &job.user {
            User::Image => {}
            User::Container(user) => push(&["--user", user]),
            User::KeepId { uid, gid } => {
                push(&[
                    "--userns",
                    &format!("keep-id:uid={uid},gid={gid}"),
                    "--user",
                    &format!("{uid}:{gid}"),
                ]);
            }
        }
        if job.selinux {
            // The other way, relabelling the project, would change the person's files.
            push(&["--security-opt", "label=disable"]);
        }
        let source = self.path(plan.workspace().as_path())?;
        let target = self.path(plan.target().as_path())?;
        let fields =
            ["type=bind".to_owned(), quoted("source", source), quoted("destination", target)];
        push(&["--mount", &fields.join(",")]);
        for (at, shadow) in plan.shadows().iter().enumerate() {
            let destination = self.path(shadow.target().as_path())?;
            let mount = match job.volumes.get(at) {
                None => (self.shadow)(shadow, destination),
                Some(name) => (self.volume)(self.utf8(name, "a volume's name")?, destination),
            };
            push(&["--mount", &mount]);
        }
        push(&["--workdir", target]);
        for (name, value) in &job.env {
            push(&["--env", self.text(&format!("{name}={value}"), "the variable")?]);
        }
        // An empty one is none: what follows the image is then the command.
        push(&["--entrypoint", if job.unguarded { "" } else { entry::SHELL }]);
        job.engine_args.iter().for_each(|arg| push(&[arg]));
        push(&[&job.image]);
        let command = if job.unguarded { job.command.clone() } else { entry::args(plan, job) };
        for arg in command {
            push(&[self.utf8(&arg, "an argument")?]);
        }
        Ok(Rendered::Command(Argv { program: self.engine.to_string().into(), args }))
    }

    /// A path that this engine can say.
    fn path<'p>(&self, path: &'p Path) -> Result<&'p str, Unsupported> {
        let name = format!("the path `{}`", crate::escape::shown_path(path));
        let text = self.utf8(path.as_os_str(), &name)?;
        if text.len() > MAX_PATH {
            return Err(self.refuse(&name, "of more than 3950 bytes"));
        }
        self.text(text, &name)
    }

    /// Go's JSON, in which both engines keep every word, makes U+FFFD of what is not UTF-8.
    fn utf8<'t>(&self, text: &'t OsStr, what: &str) -> Result<&'t str, Unsupported> {
        std::str::from_utf8(text.as_encoded_bytes()).map_err(|error| {
            let byte = text.as_encoded_bytes()[error.valid_up_to()];
            self.refuse(what, &format!("with the byte 0x{byte:02x}, which is not UTF-8"))
        })
    }

    /// Both engines are written in Go, whose CSV reader makes LF of CR LF; so does
    /// podman's `--env`.
    fn text<'t>(&self, text: &'t str, what: &str) -> Result<&'t str, Unsupported> {
        match text.contains("\r\n") {
            true => Err(self.refuse(what, "with a carriage return before a newline")),
            false => Ok(text),
        }
    }

    fn refuse(&self, what: &str, why: &str) -> Unsupported {
        Unsupported { engine: self.engine, what: format!("{what} {why}") }
    }
}

/// One field of `--mount`, which is a CSV record: always quoted, because a rule for
/// when to quote could be wrong.
pub(super) fn quoted(key: &str, value: &str) -> String {
    format!("\"{key}={}\"", value.replace('"', "\"\""))
}
