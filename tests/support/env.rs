//! A project and a home of a test's own, and `paude` in them.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use super::{Ran, tree};

/// A temporary directory with a project and a home in it.
pub struct Env {
    dir: TempDir,
    /// The project.
    pub project: PathBuf,
    /// Further variables of `paude`.
    pub vars: Vec<(String, String)>,
    /// Run as this user and group.
    pub user: Option<(u32, u32)>,
}

impl Env {
    /// An empty project.
    pub fn new() -> Self {
        Self::named("project")
    }

    /// A project with the entries that `tree` describes; see [`tree::make`].
    pub fn with(tree: &str) -> Self {
        let env = Self::new();
        tree::make(&env.project, tree);
        env
    }

    /// An empty project directory of that name.
    pub fn named(name: impl AsRef<OsStr>) -> Self {
        let dir = tempfile::Builder::new().prefix("paude-test-").tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let project = root.join(name.as_ref());
        std::fs::create_dir_all(&project).unwrap();
        std::fs::create_dir_all(root.join("home")).unwrap();
        Self { dir, project, vars: Vec::new(), user: None }
    }

    /// The directory that holds project and home.
    pub fn root(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap()
    }

    /// The home directory.
    pub fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// Writes a file of the project.
    pub fn write(&self, path: &str, text: &str) {
        tree::write(&self.project.join(path), text);
    }

    /// Sets a variable of `paude`, in place of an earlier value.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.vars.retain(|(other, _)| other != name);
        self.vars.push((name.to_owned(), value.into()));
    }

    /// A program in the project, with a cleared environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.project).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.home()).env("LC_ALL", "C.UTF-8");
        command.envs(self.vars.iter().cloned());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Gives everything to a user who is not root, and runs as that user: root can read a file
    /// whatever its mode.
    pub fn leave_root(&mut self) {
        if rustix::process::geteuid().is_root() {
            let user = (12345, 12345);
            let owner = format!("{}:{}", user.0, user.1);
            let status = Command::new("chown").args(["-R", &owner]).arg(self.root()).status();
            assert!(status.unwrap().success());
            self.user = Some(user);
        }
    }

    /// `paude` with these arguments, in the project.
    pub fn paude<A: AsRef<OsStr>>(&self, args: &[A]) -> Ran {
        let mut command = self.command(paude());
        command.args(args).stdin(Stdio::null());
        Ran(command.output().unwrap())
    }
}

/// The program under test, copied to where any user can start it.
pub fn paude() -> PathBuf {
    static COPY: OnceLock<PathBuf> = OnceLock::new();
    let copy = COPY.get_or_init(|| {
        let dir = copy_dir();
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).unwrap();
        let copy = dir.join("paude");
        // Copied by another process: a child that another thread forks while this one has the
        // copy open for writing would keep it open, and the kernel starts no such file.
        let cp = Command::new("cp")
            .args([env!("CARGO_BIN_EXE_paude").as_ref(), copy.as_os_str()])
            .status();
        assert!(cp.unwrap().success());
        copy
    });
    copy.clone()
}

/// Removes what [`paude`] copied, and what was put beside it.
pub fn clean_up() {
    let _ = std::fs::remove_dir_all(copy_dir());
}

fn copy_dir() -> PathBuf {
    std::env::temp_dir().join(format!("paude-test-bin-{}", std::process::id()))
}
