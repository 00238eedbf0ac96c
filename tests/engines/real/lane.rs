//! A lane: an engine with the user who runs it, as `cargo xtask test` prepared it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Env, Ran, export_tools, paude};

/// The names of all lanes, so that tests show as ignored where nothing is prepared.
const NAMES: [&str; 7] = [
    "podman",
    "podman-rootless",
    "podman-remote",
    "docker",
    "docker-rootless",
    "native",
    "native-user",
];

/// Tools whose tests are ignored where they are missing, with `CI` set too: not every machine can run
/// what comes with another release of Debian.
const OPTIONAL: [&str; 4] = ["systemd", "compose-bookworm", "compose-sid", "buildx"];

/// An engine to test on, and who runs it.
#[derive(Clone)]
pub struct Lane {
    pub name: String,
    pub engine: String,
    /// Why it is not available, if it is not.
    pub why: Option<String>,
    /// The tool that the lane's tests need besides.
    pub tool: Option<&'static str>,
    /// Whether the tests may be left out with `CI` set.
    pub is_optional: bool,
    /// What the engine runs containers with, if that is known.
    runtime: Option<String>,
    user: Option<(u32, u32)>,
    vars: Vec<(String, String)>,
    setup: Value,
}

impl Lane {
    /// Every lane, also those that are not available.
    pub fn all() -> Vec<Self> {
        let setup = crate::support::setup();
        NAMES.iter().map(|name| Self::read(name, &setup)).collect()
    }

    fn read(name: &str, setup: &Value) -> Self {
        let none = Vec::new();
        let lanes = setup["lanes"].as_array().unwrap_or(&none);
        let lane = lanes.iter().find(|lane| lane["name"] == name).cloned().unwrap_or_default();
        let why = match lane["engine"].as_str() {
            None => Some("`cargo xtask test` prepares it".to_owned()),
            Some(_) => lane["why"].as_str().map(str::to_owned),
        };
        let id = |key: &str| lane["user"][key].as_u64().and_then(|id| u32::try_from(id).ok());
        let vars = lane["env"].as_object().into_iter().flatten();
        Self {
            name: name.to_owned(),
            engine: lane["engine"].as_str().unwrap_or(name).to_owned(),
            why,
            tool: None,
            is_optional: false,
            runtime: lane["runtime"].as_str().map(str::to_owned),
            user: id("uid").zip(id("gid")),
            vars: vars
                .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
                .collect(),
            setup: setup.clone(),
        }
    }

    /// This lane for tests that need a tool besides: not available without it.
    pub fn with_tool(&self, tool: &'static str) -> Self {
        let is_optional = OPTIONAL.contains(&tool);
        let mut lane = Self { tool: Some(tool), is_optional, ..self.clone() };
        lane.why = lane.why.or_else(|| export_tools::find(tool).err());
        lane
    }

    /// This lane for tests of one container runtime: not available with another.
    pub fn with_runtime(&self, name: &str) -> Self {
        let mut lane = Self { is_optional: true, ..self.clone() };
        let other = || format!("this engine runs containers with {:?}", self.runtime);
        lane.why = lane.why.or_else(|| (self.runtime.as_deref() != Some(name)).then(other));
        lane
    }

    /// Whether the built-in engine runs here, which has no image and no users.
    pub fn is_native(&self) -> bool {
        self.engine == "native"
    }

    /// Whether `--user` can name anybody: what such a user creates belongs to whoever runs paude.
    pub fn takes_users(&self) -> bool {
        !self.is_native() && self.name != "docker-rootless"
    }

    /// How often a test repeats what has to hold at any moment: once, or as often as
    /// `PAUDE_TEST_ROUNDS` says; a fifth of that where each container takes its time.
    pub fn rounds(&self) -> usize {
        let rounds = std::env::var("PAUDE_TEST_ROUNDS").ok();
        let rounds: usize = rounds.map_or(1, |rounds| rounds.parse().expect("a number"));
        if self.is_native() { rounds } else { rounds.div_ceil(5) }
    }

    /// The user and group that run paude.
    pub fn ids(&self) -> (u32, u32) {
        self.user.unwrap_or((0, 0))
    }

    /// A variable that this lane's engine needs.
    pub fn variable(&self, name: &str) -> &str {
        let variable = self.vars.iter().find(|(own, _)| own == name);
        variable.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("`{name}` is not set"))
    }

    /// A path or name that was prepared.
    pub fn fact(&self, key: &str) -> &str {
        self.setup[key].as_str().unwrap_or_else(|| panic!("`{key}` is not prepared"))
    }

    /// An empty project of this lane's user.
    pub fn env(&self) -> Env {
        self.own(Env::new())
    }

    /// The same with the entries that `tree` describes.
    pub fn env_with(&self, tree: &str) -> Env {
        self.own(Env::with(tree))
    }

    /// Gives a project to this lane's user.
    pub fn own(&self, mut env: Env) -> Env {
        use std::os::unix::fs::PermissionsExt as _;
        env.user = self.user;
        env.vars = self.vars.clone();
        // The native lanes have no image with uv. Other directories on PATH of whoever runs the
        // tests may be closed to this lane's user.
        let uv = Path::new(self.fact("uv")).parent().unwrap().display();
        let path = format!("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:{uv}");
        env.vars.push(("PATH".to_owned(), path));
        std::fs::set_permissions(env.root(), std::fs::Permissions::from_mode(0o755)).unwrap();
        self.give(&env.root());
        env
    }

    /// Makes this lane's user the owner of a tree.
    pub fn give(&self, path: &Path) {
        if let Some((uid, gid)) = self.user {
            let status =
                Command::new("chown").arg("-hR").arg(format!("{uid}:{gid}")).arg(path).status();
            assert!(status.unwrap().success());
        }
    }

    /// The arguments that choose this lane's engine and the tests' image.
    pub fn args(&self) -> Vec<String> {
        let mut args = vec!["run", "--engine", &self.engine];
        if !self.is_native() {
            args.extend(["--image", self.fact("image")]);
        }
        args.into_iter().map(str::to_owned).collect()
    }

    /// `paude run` on this lane, for a test to add to and to start.
    pub fn command(&self, env: &Env) -> Command {
        let mut command = env.command(paude());
        command.args(self.args());
        command
    }

    /// `paude run` on this lane with further arguments.
    pub fn paude(&self, env: &Env, args: &[&str]) -> Ran {
        let mut all = self.args();
        all.extend(args.iter().map(|arg| (*arg).to_owned()));
        env.paude(&all)
    }

    /// `paude run` on this lane of a shell script.
    pub fn sh(&self, env: &Env, options: &[&str], script: &str) -> Ran {
        let mut args = options.to_vec();
        args.extend(["--", "/bin/sh", "-ec", script]);
        self.paude(env, &args)
    }

    /// The names of this project's containers, running or not.
    pub fn containers(&self, env: &Env) -> String {
        if self.is_native() {
            return String::new();
        }
        let label = format!("label=paude.workspace={}", env.project.display());
        let args = ["ps", "--all", "--filter", &label, "--format", "{{.Names}}"];
        // Not in the project, which may be gone.
        let mut command = env.command(&self.engine);
        let output = command.args(args).current_dir(env.root()).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    }

    /// An environment of the host at `path`, with pytest (a console script) and
    /// markupsafe (a compiled extension) in it.
    pub fn host_venv(&self, env: &Env, path: &str) {
        let uv = |args: &[&str]| {
            let output = env
                .command(self.fact("uv"))
                .args(args)
                .env("VIRTUAL_ENV", env.project.join(path))
                .output();
            let output = output.unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        uv(&["venv", "--quiet", "--python", self.fact("python"), path]);
        let wheels = self.fact("wheels");
        uv(&[
            "pip",
            "install",
            "--quiet",
            "--offline",
            "--no-index",
            "--find-links",
            wheels,
            "pytest",
            "markupsafe",
        ]);
        self.host_venv_works(env, path);
    }

    /// Fails unless programs of the host's environment can be run.
    #[track_caller]
    pub fn host_venv_works(&self, env: &Env, path: &str) {
        let program = |name: &str| env.command(env.project.join(path).join("bin").join(name));
        // Without bytecode: the check itself may not change the environment.
        let extension =
            program("python").args(["-B", "-c", "import markupsafe._speedups"]).output().unwrap();
        assert!(extension.status.success(), "{}", String::from_utf8_lossy(&extension.stderr));
        let script = program("pytest")
            .arg("--version")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .unwrap();
        assert!(script.status.success(), "{}", String::from_utf8_lossy(&script.stderr));
    }

    /// Copies the wheels into the project, so that the container has them: it has no network.
    pub fn copy_wheels(&self, env: &Env) {
        let to = env.project.join("wheels");
        std::fs::create_dir(&to).unwrap();
        for entry in std::fs::read_dir(self.fact("wheels")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.extension().is_some_and(|end| end == "whl") && !name.starts_with("uv-") {
                std::fs::copy(&path, to.join(name)).unwrap();
            }
        }
        self.give(&to);
    }
}
