//! What every test stands on: a home of its own, a project made from a text, and a
//! `paude` that sees nothing of the person who runs the tests.

pub mod snapshot;
pub mod tree;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use tempfile::TempDir;

/// What a test returns.
pub type Outcome = Result<(), Failed>;

/// A named list of test functions of one module, as trials.
#[macro_export]
macro_rules! trials {
    ($($test:ident),* $(,)?) => {
        vec![$($crate::support::trial(concat!(module_path!(), "::", stringify!($test)), $test)),*]
    };
}

/// One trial, without the crate's name in front.
pub fn trial(name: &str, test: fn() -> Outcome) -> Trial {
    Trial::test(name.split_once("::").map_or(name, |(_, rest)| rest), test)
}

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

    /// A program in the project, with a cleared environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.project).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.home()).env("LC_ALL", "C.UTF-8");
        command.envs(self.vars.iter().cloned());
        if let Some((uid, gid)) = self.user {
            use std::os::unix::process::CommandExt as _;
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Root reads everything: gives all of it to somebody else, who then runs it.
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
        command.args(args).stdin(std::process::Stdio::null());
        Ran(command.output().unwrap())
    }
}

/// Waits so many seconds for something to become true.
#[track_caller]
pub fn wait_for(what: &str, seconds: u64, mut there: impl FnMut() -> bool) {
    let started = Instant::now();
    while !there() {
        assert!(started.elapsed() < Duration::from_secs(seconds), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The program under test. Copied to where any user can start it.
pub fn paude() -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::OnceLock;
    static COPY: OnceLock<PathBuf> = OnceLock::new();
    let copy = COPY.get_or_init(|| {
        let dir = std::env::temp_dir().join(format!("paude-test-bin-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).unwrap();
        let copy = dir.join("paude");
        // By a program of its own: what another thread starts while the copy is open for
        // writing holds it open too, and then it cannot be started.
        let cp = std::process::Command::new("cp")
            .args([env!("CARGO_BIN_EXE_paude").as_ref(), copy.as_os_str()])
            .status();
        assert!(cp.unwrap().success());
        copy
    });
    copy.clone()
}

/// Removes what [`paude`] copied, and what was put beside it.
pub fn clean_up() {
    let _ = std::fs::remove_dir_all(
        std::env::temp_dir().join(format!("paude-test-bin-{}", std::process::id())),
    );
}

/// What `cargo xtask` prepared; null where it did not. `PAUDE_TEST_SETUP` names the file.
pub fn setup() -> serde_json::Value {
    let file = std::env::var_os("PAUDE_TEST_SETUP").map(PathBuf::from);
    file.and_then(|file| std::fs::read_to_string(file).ok())
        .map_or(serde_json::Value::Null, |text| serde_json::from_str(&text).expect("valid JSON"))
}

/// What a program did.
pub struct Ran(pub Output);

impl Ran {
    /// What it wrote to stdout.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    /// What it wrote to stderr.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    /// Fails unless it ended with this code; returns itself for more.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        let (stdout, stderr) = (self.stdout(), self.stderr());
        assert_eq!(
            self.0.status.code(),
            Some(code),
            "\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        );
        self
    }

    /// Fails unless stderr holds this text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let stderr = self.stderr();
        assert!(stderr.contains(text), "no {text:?} in stderr:\n{stderr}");
        self
    }

    /// Fails unless stdout is exactly this text.
    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert_eq!(self.stdout(), text, "\n--- stderr\n{}", self.stderr());
        self
    }
}

/// Compares with a golden file, or rewrites it when `BLESS=1` is set.
#[track_caller]
pub fn golden(file: &Path, actual: &str) {
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        std::fs::write(file, actual).unwrap();
        return;
    }
    let wanted = std::fs::read_to_string(file).unwrap_or_default();
    assert_eq!(actual, wanted, "\n{} differs; BLESS=1 rewrites it", file.display());
}
