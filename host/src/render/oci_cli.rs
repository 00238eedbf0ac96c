//! The command line that `podman run` and `docker run` share; [`Dialect`] is what differs.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::dialect::{Dialect, quote_field};
use super::{Argv, Rendered, Unsupported, entry};
use crate::engine::{DETACH_KEYS, READ_ONLY_FIELD, User};
use crate::escape::{shown, shown_path};
use crate::plan::{Further, Plan};
use crate::run_spec::RunSpec;

/// The longest path that both engines accept, in bytes (measured: 3950 works, 4000 does not).
const MAX_PATH: usize = 3950;

impl Dialect {
    /// Renders the whole command line.
    pub(super) fn render(&self, plan: &Plan, spec: &RunSpec) -> Result<Rendered, Unsupported> {
        let mut args: Vec<OsString> = Vec::new();
        let mut push = |new: &[&str]| args.extend(new.iter().map(OsString::from));
        push(&["run", "--rm", "--interactive", "--name", &spec.name]);
        let label = format!("paude.workspace={}", plan.workspace().as_path().display());
        push(&["--label", &label]);
        if spec.tty {
            push(&["--tty", DETACH_KEYS]);
        }
        for arg in user_args(&spec.user) {
            push(&[&arg]);
        }
        if spec.selinux {
            // The alternative is to relabel the project, which would change the user's files.
            push(&["--security-opt", "label=disable"]);
        }
        if spec.no_network {
            push(&["--network", "none"]);
        }
        let source = self.check_path(plan.workspace().as_path())?;
        let target = self.check_path(plan.target().as_path())?;
        push(&["--mount", &bind_mount(source, target, spec.read_only)]);
        for Further { plan: part, read_only, .. } in plan.further() {
            let path = self.check_path(part.workspace().as_path())?;
            let target = self.check_path(part.target().as_path())?;
            let mount = bind_mount(path, target, *read_only);
            push(&["--mount", &mount]);
        }
        for (index, shadow) in plan.all_shadows().enumerate() {
            let destination = self.check_path(shadow.target().as_path())?;
            let mount = match spec.volumes.get(index) {
                None => (self.shadow)(shadow, destination),
                Some(name) => {
                    (self.volume)(self.check_utf8(name, "the volume's name")?, destination)
                }
            };
            push(&["--mount", &mount]);
        }
        if let (Some(name), Some(dir)) = (&spec.cache, spec.cache_dir()) {
            let destination = self.check_utf8(dir, "the cache's path")?;
            let name = self.check_utf8(name, "the volume's name")?;
            push(&["--mount", &(self.volume)(name, destination)]);
        }
        push(&["--workdir", target]);
        for (name, value) in &spec.env {
            let title = format!("the variable `{}`", shown(name));
            push(&["--env", self.check_text(&format!("{name}={value}"), &title)?]);
        }
        // An empty value removes the image's entry point, so the command itself is executed.
        push(&["--entrypoint", if spec.unguarded { "" } else { entry::SHELL }]);
        spec.engine_args.iter().for_each(|arg| push(&[arg]));
        push(&[&spec.image]);
        let command = if spec.unguarded { spec.command.clone() } else { entry::args(plan, spec) };
        for arg in command {
            push(&[self.check_utf8(&arg, "an argument")?]);
        }
        Ok(Rendered::Command(Argv { program: self.engine.program().into(), args }))
    }

    /// Returns a path as text if the engine can represent it.
    fn check_path<'p>(&self, path: &'p Path) -> Result<&'p str, Unsupported> {
        let name = format!("the path `{}`", shown_path(path));
        let text = self.check_utf8(path.as_os_str(), &name)?;
        if text.len() > MAX_PATH {
            return Err(self.refuse(&name, &format!("it is longer than {MAX_PATH} bytes")));
        }
        self.check_text(text, &name)
    }

    /// Both engines store all strings as JSON, where Go replaces invalid UTF-8 by U+FFFD.
    fn check_utf8<'t>(&self, text: &'t OsStr, name: &str) -> Result<&'t str, Unsupported> {
        std::str::from_utf8(text.as_encoded_bytes()).map_err(|error| {
            let byte = text.as_encoded_bytes()[error.valid_up_to()];
            self.refuse(name, &format!("it contains the byte 0x{byte:02x}, which is not UTF-8"))
        })
    }

    /// Go's CSV reader, which parses `--mount` in both engines, turns CR LF into LF; so does
    /// podman's `--env`.
    fn check_text<'t>(&self, text: &'t str, name: &str) -> Result<&'t str, Unsupported> {
        match text.contains("\r\n") {
            true => Err(self.refuse(name, "it contains a carriage return before a newline")),
            false => Ok(text),
        }
    }

    fn refuse(&self, name: &str, reason: &str) -> Unsupported {
        Unsupported { engine: self.engine, what: format!("{name}: {reason}") }
    }
}

/// The `--mount` value of a shared directory. The field is needed also if it is read-only on the
/// host, as rootful podman with crun would mount it writable.
pub(crate) fn bind_mount(source: &str, target: &str, read_only: bool) -> String {
    let (source, target) = (quote_field("source", source), quote_field("destination", target));
    match read_only {
        true => format!("type=bind,{source},{target},{READ_ONLY_FIELD}"),
        false => format!("type=bind,{source},{target}"),
    }
}

fn user_args(user: &User) -> Vec<String> {
    match user {
        User::Image => Vec::new(),
        User::Container(user) => vec!["--user".to_owned(), user.clone()],
        User::KeepId { uid, gid } => vec![
            "--userns".to_owned(),
            format!("keep-id:uid={uid},gid={gid}"),
            "--user".to_owned(),
            format!("{uid}:{gid}"),
        ],
    }
}
