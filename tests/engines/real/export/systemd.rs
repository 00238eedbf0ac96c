//! Units of `paude export quadlet`, started by systemd: it is the first process of namespaces of its
//! own, has no units but these, and podman has storage of its own there, as it takes a new /run for a
//! restart of the machine.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::super::Test;
use super::{Lane, Project, SCRIPT, SETUP, without_lines};
use crate::parameterized;
use crate::support::{Ran, export_tools, tree, wait_for};

const SCRIPT_OF_SYSTEMD: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/engines/real/export/systemd.sh");

/// A systemd; everything that it started ends when this is dropped.
struct Systemd {
    child: Child,
    cgroup: PathBuf,
    /// The files with the output of units.
    output: PathBuf,
}

impl Systemd {
    /// Starts one that has these units, each with its name.
    fn start(project: &Project<'_>, units: &[(&str, &str)]) -> Self {
        let dir = project.env.root().join("systemd");
        let path = |name: &str| dir.join(name).display().to_string();
        write_podman_settings(project, &dir);
        tree::write(&dir.join("run/units/paude.target"), "[Unit]\nDefaultDependencies=no\n");
        for (name, text) in units {
            tree::write(&dir.join(format!("run/quadlet/{name}.container")), text);
            // Nothing of the machine's own units is there, nor a journal.
            let settings = format!(
                "[Unit]\nDefaultDependencies=no\n[Service]\n\
                 Environment=CONTAINERS_CONF={} CONTAINERS_STORAGE_CONF={}\n\
                 StandardOutput=file:{output}\nStandardError=file:{output}\n",
                path("containers.conf"),
                path("storage.conf"),
                output = path(&format!("{name}.output")),
            );
            tree::write(&dir.join(format!("run/units/{name}.service.d/test.conf")), &settings);
        }
        let generator = dir.join("run/generators/quadlet");
        let quadlet = export_tools::find("quadlet").unwrap();
        let text = format!(
            "#!/bin/sh\nexport QUADLET_UNIT_DIRS=/run/paude/quadlet\nexec {} \"$@\"\n",
            quadlet.display()
        );
        tree::write(&generator, &text);
        make_executable(&generator);
        let cgroup = hierarchy().join(project.env.root().file_name().unwrap());
        let mut command = project.env.command("sh");
        command.arg(SCRIPT_OF_SYSTEMD).arg("start").arg(&cgroup);
        command.arg(path("run")).stdin(Stdio::null());
        let log = std::fs::File::create(dir.join("log")).unwrap();
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let mut systemd = Self { child, cgroup, output: dir.clone() };
        wait_for("systemd does not start", 120, || {
            let log = || std::fs::read_to_string(dir.join("log")).unwrap_or_default();
            let ended = systemd.child.try_wait().unwrap();
            assert!(ended.is_none(), "systemd ended: {}", log());
            systemd.control(&["is-system-running"]).is_some_and(|ran| ran.stdout() == "running\n")
        });
        systemd
    }

    /// Runs `systemctl`, once systemd is there.
    fn control(&self, args: &[&str]) -> Option<Ran> {
        let pid = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let first = children.ok()?.split_whitespace().next()?.to_owned();
        let mut command = Command::new("nsenter");
        command.args(["--target", &first]);
        command.args(["--mount", "--pid", "--ipc", "--uts", "--net", "--cgroup", "systemctl"]);
        Some(Ran(command.args(args).stdin(Stdio::null()).output().unwrap()))
    }

    /// Starts a unit. If its container has ended before systemd knows that it started, this fails.
    fn start_unit(&self, name: &str) -> Ran {
        self.control(&["start", name]).unwrap()
    }

    /// Fails unless a unit ends with this result, which systemd gives it, and this exit code.
    #[track_caller]
    fn assert_ends(&self, name: &str, started: &Ran, wanted: &str) {
        let unit = format!("{name}.service");
        let show = |properties: &str| {
            let ran = self.control(&["show", "--property", properties, &unit]).unwrap();
            ran.stdout().trim().replace('\n', " ")
        };
        wait_for("the unit does not end", 120, || {
            ["ActiveState=failed", "ActiveState=inactive"].contains(&show("ActiveState").as_str())
        });
        let ended = show("Result,ExecMainStatus");
        let (start, output) = (started.stderr(), self.output(name));
        let log = std::fs::read_to_string(self.output.join("log")).unwrap_or_default();
        assert!(ended.contains(wanted), "{ended}\n{start}\n{output}\n{log}");
    }

    fn output(&self, name: &str) -> String {
        std::fs::read_to_string(self.output.join(format!("{name}.output"))).unwrap_or_default()
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // All processes of the namespaces are killed by now, and soon gone from the groups.
        let mut remove = Command::new("find");
        remove.arg(&self.cgroup).args(["-depth", "-type", "d", "-exec", "rmdir", "{}", "+"]);
        remove.stderr(Stdio::null());
        for _ in 0..100 {
            if !self.cgroup.exists() || remove.status().is_ok_and(|status| status.success()) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
}

/// Settings as the lane has them, but for storage in `dir`, which sees the lane's images.
fn write_podman_settings(project: &Project<'_>, dir: &Path) {
    let info = project.engine(&["info", "--format", "{{.Store.GraphRoot}}"]).output().unwrap();
    let images = Ran(info).code(0).stdout();
    let storage = format!(
        "[storage]\ndriver = \"overlay\"\ngraphroot = {:?}\nrunroot = \"/run/paude/storage\"\n\
         [storage.options]\nadditionalimagestores = [{:?}]\n",
        dir.join("storage"),
        images.trim(),
    );
    tree::write(&dir.join("storage.conf"), &storage);
    let lane = std::fs::read_to_string(project.lane.variable("CONTAINERS_CONF")).unwrap();
    let dropped = ["tmp_dir", "cgroup_manager", "log_driver", "pids_limit"];
    let lines = lane.lines().filter(|line| !dropped.iter().any(|start| line.starts_with(start)));
    // The container writes where its unit does, and cgroup v2 may lack the controller of a limit.
    let [containers, engine] = [
        "[containers]\npids_limit = 0\nlog_driver = \"passthrough\"\n",
        "[engine]\ncgroup_manager = \"cgroupfs\"\ntmp_dir = \"/run/paude/libpod\"\n",
    ];
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    let text = text.replace("[containers]\n", containers).replace("[engine]\n", engine);
    tree::write(&dir.join("containers.conf"), &text);
}

/// Where cgroup v2 is mounted, alone or beside v1.
fn hierarchy() -> PathBuf {
    let mut candidates =
        ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].map(PathBuf::from).into_iter();
    candidates.find(|dir| dir.join("cgroup.procs").exists()).expect("cgroup v2")
}

fn make_executable(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

parameterized!(
    Test,
    fn a_unit_starts_stops_and_fails_as_its_command_does(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let export = |options: &[&str], script: &str| {
            project.export("quadlet", &[options, &["--", "/bin/sh", "-c", script]].concat())
        };
        let proven = export(&["--setup", SETUP], SCRIPT);
        let unguarded = without_lines(&proven, "PodmanArgs=\"--mount\" \"type=tmpfs", 1);
        let endless = export(
            &[],
            "trap 'touch told; exit 143' TERM; touch started
            while :; do sleep 0.1; done",
        );
        let units =
            [("proven", &proven[..]), ("unguarded", &unguarded[..]), ("endless", &endless[..])];
        let systemd = Systemd::start(&project, &units);
        let proven = systemd.start_unit("proven");
        systemd.assert_ends("proven", &proven, "Result=exit-code ExecMainStatus=7");
        project.assert_proven();
        let unguarded = systemd.start_unit("unguarded");
        systemd.assert_ends("unguarded", &unguarded, "Result=exit-code ExecMainStatus=120");
        let (place, said) = (project.first_environment(), systemd.output("unguarded"));
        let wanted = format!("guard: `{place}` is not hidden: nothing is mounted");
        assert!(said.contains(&wanted), "{said}");
        let endless = systemd.start_unit("endless").code(0);
        let started = project.env.project.join("started");
        wait_for("the command does not start", 120, || started.exists());
        systemd.control(&["stop", "endless"]).unwrap().code(0);
        systemd.assert_ends("endless", &endless, "Result=success ");
        project.assert_unchanged(&["", "started", "told"]);
        assert!(project.env.project.join("told").exists());
        Ok(())
    },
);
