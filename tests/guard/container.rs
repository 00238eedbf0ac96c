//! The first process of a container, in a namespace in which mounts stand for those of an engine.

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{ENTRY_SCRIPT, Env, Ran};

/// A command in a namespace where it can mount, after a script that mounts something.
pub(super) fn in_namespace(env: &Env, mounts: &str, command: &[&str]) -> Command {
    let mut unshare = env.command("unshare");
    let script = format!("set -e\n{mounts}\nexec \"$@\"");
    unshare.args(["--user", "--map-root-user", "--mount", "/bin/sh", "-c", &script, "sh"]);
    unshare.args(command);
    unshare
}

/// The first process of a container.
pub(super) struct Container<'a> {
    pub(super) env: &'a Env,
    pub(super) shell: &'a [&'a str],
    pub(super) shadows: &'a [PathBuf],
    /// The script that mounts them.
    pub(super) mounts: &'a str,
    pub(super) setup: &'a str,
    /// How many of them are volumes; or two numbers, as an export has them.
    pub(super) volumes: &'a str,
    /// How paude identified the project: its inode number, and the name of something in it.
    pub(super) inode: &'a str,
    pub(super) witness: &'a str,
    /// `ro` if it is read-only on the host.
    pub(super) access: &'a str,
    /// Further directories: path, inode number, witness and access.
    pub(super) further: &'a [(PathBuf, &'a str, &'a str, &'a str)],
    /// Shell text that sets variables.
    pub(super) variables: &'a str,
    pub(super) command: &'a [&'a str],
}

impl<'a> Container<'a> {
    pub(super) fn new(env: &'a Env, shell: &'a [&'a str], shadows: &'a [PathBuf]) -> Self {
        Self {
            env,
            shell,
            shadows,
            mounts: ALL,
            setup: "",
            volumes: "0",
            inode: "",
            witness: "",
            access: "",
            further: &[],
            variables: "",
            command: &["echo", "ran"],
        }
    }

    pub(super) fn run(&self) -> Ran {
        Ran(self.to_command().output().unwrap())
    }

    pub(super) fn to_command(&self) -> Command {
        let mut command = in_namespace(self.env, self.mounts, self.shell);
        command.args(["-c", ENTRY_SCRIPT, "paude", self.setup, ""]);
        command.args([self.volumes, self.variables, self.inode, self.witness, self.access]);
        command.args([self.shadows.len(), self.further.len()].map(|count| count.to_string()));
        for path in std::iter::once(&self.env.project).chain(self.shadows) {
            command.arg(path).arg(mountinfo_path(path));
        }
        for (path, inode, witness, access) in self.further {
            command.arg(path).arg(mountinfo_path(path)).args([inode, witness, access]);
        }
        command.args(self.command);
        command
    }
}

/// A path as the kernel writes it in `/proc/self/mountinfo`.
pub(super) fn mountinfo_path(path: &Path) -> String {
    let octal = |byte: &u8| match byte {
        b' ' | b'\t' | b'\n' | b'\\' => format!("\\{byte:03o}"),
        _ => char::from(*byte).to_string(),
    };
    path.as_os_str().as_bytes().iter().map(octal).collect()
}

/// A directory's inode number as the kernel knows it; none before Linux 5.14.
pub(super) fn inode(path: &Path) -> Option<String> {
    let dir = File::open(path).unwrap();
    let file = format!("/proc/self/fdinfo/{}", dir.as_raw_fd());
    let text = std::fs::read_to_string(file).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("ino:"));
    line.map(|number| number.trim().to_owned())
}

/// A project with directories of these names.
pub(super) fn project(names: &[&str]) -> (Env, Vec<PathBuf>) {
    let env = Env::new();
    let shadows: Vec<_> = names.iter().map(|name| env.project.join(name)).collect();
    for shadow in &shadows {
        std::fs::create_dir(shadow).unwrap();
    }
    (env, shadows)
}

/// Mounts a tmpfs over each directory of the project.
pub(super) const ALL: &str =
    "for dir in ./* ./.[!.]*; do [ ! -d \"$dir\" ] || mount -t tmpfs tmpfs \"$dir\"; done";

/// Mounts a tmpfs over `.venv` in the project's directory `part`.
pub(super) const IN_PART: &str = "mkdir -p part/.venv; mount -t tmpfs tmpfs part/.venv";
