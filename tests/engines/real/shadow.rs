//! What the empty directories are like, and where they lie.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::Test;
use super::lane::Lane;
use crate::parameterized;
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Env, Outcome, Ran, tree, wait_for};

const VENV: &str = ".venv/pyvenv.cfg: \"home = /usr/bin\\nversion = 3.11.2\\n\"";

/// Proves that `$d` is a shadow: empty, and an executable file can be written into it.
pub(super) const IS_SHADOW: &str = "test -z \"$(ls -A \"$d\")\"
    printf '#!/bin/sh\\nexit 0\\n' >\"$d/x\"; chmod +x \"$d/x\"; \"$d/x\"";

/// Takes the shadow away on the host while the container runs, and fails unless the run ends.
fn ends_when_shadow_is_lost(lane: &Lane, env: &Env, options: &[&str], remove: &str) -> Outcome {
    let mut command = lane.command(env);
    let script = "touch ready; sleep 30; touch .venv/evil";
    command.args(options).args(["--", "sh", "-c", script]);
    let child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    wait_for("the container does not start", 30, || env.project.join("ready").exists());
    if !lane.is_native() {
        // The monitor reports the loss of a mount only once it has seen the mount.
        std::thread::sleep(Duration::from_secs(2));
    }
    let removed = Instant::now();
    assert!(env.command("sh").args(["-c", remove]).status()?.success());
    let ran = Ran(child.wait_with_output()?).code(120);
    assert!(removed.elapsed().as_secs() < 15, "{remove}: {:?}", removed.elapsed());
    ran.says(&format!("`{}/.venv` is no longer hidden", env.project.display()));
    assert!(!env.project.join(".venv/evil").exists());
    assert_eq!(lane.containers(env), "");
    Ok(())
}

/// Passes its arguments on to `REAL`, without the mounts of shadows.
const DROPS_SHADOWS: &str = r#"left=$#
while [ "$left" -gt 0 ]; do
  case $1$2 in
    --mounttype=tmpfs* | --mounttype=volume*) shift 2; left=$((left - 2)) ;;
    *) set -- "$@" "$1"; shift; left=$((left - 1)) ;;
  esac
done
exec REAL "$@""#;

parameterized!(
    Test,
    fn is_empty_writable_executable_nosuid_nodev_and_limited_in_size(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        let script = format!(
            "d=.venv; {IS_SHADOW}
            grep \" $PWD/.venv \" /proc/self/mountinfo
            df --output=size -B1 .venv | tail -n 1"
        );
        let ran = lane.sh(&env, &["--size", "64m"], &script).code(0);
        let out = ran.stdout();
        for word in ["nosuid", "nodev", "tmpfs"] {
            assert!(out.contains(word), "{out}");
        }
        assert!(!out.contains("noexec"), "{out}");
        assert_eq!(out.lines().last().unwrap().trim(), (64 << 20).to_string(), "{out}");
        assert_eq!(ran.stderr(), "Hiding: .venv\n");
        Ok(())
    },
    fn hides_environments_of_nested_projects(lane: &Lane) -> Outcome {
        let env = lane.env_with(
            "packages/api/.venv/pyvenv.cfg
            packages/web/venv/pyvenv.cfg
            src/main.py
            .venv/pyvenv.cfg",
        );
        let before = snapshot(&env.project);
        let places = ".venv packages/api/.venv packages/web/venv";
        let script = format!("for d in {places}; do {IS_SHADOW}; done; cat src/main.py");
        lane.sh(&env, &[], &script)
            .code(0)
            .says("Hiding: .venv, packages/api/.venv, packages/web/venv\n");
        assert_unchanged(&env.project, &before);
        Ok(())
    },
    fn hides_a_listed_directory_without_a_marker_and_nothing_else(lane: &Lane) -> Outcome {
        let env = lane.env_with("my-env/file\n.venv/pyvenv.cfg");
        let script = format!("d=my-env; {IS_SHADOW}; ls .venv");
        lane.sh(&env, &["--venv", "my-env"], &script).code(0).prints("pyvenv.cfg\n");
        assert!(env.project.join("my-env/file").exists());
        Ok(())
    },
    fn a_reserved_directory_leaves_nothing_behind(lane: &Lane) -> Outcome {
        let env = lane.env_with("README");
        let script = format!("for d in .venv deep/er/.venv; do {IS_SHADOW}; done");
        lane.sh(&env, &["--venv", ".venv", "--venv", "deep/er/.venv"], &script).code(0);
        let left: Vec<_> =
            std::fs::read_dir(&env.project)?.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["README"]);
        Ok(())
    },
    fn hides_where_a_link_inside_leads(lane: &Lane) -> Outcome {
        let env =
            lane.env_with("envs/real/pyvenv.cfg\n.venv -> envs/real\napp/venv -> $ROOT/envs/real");
        let script = format!("d=envs/real; {IS_SHADOW}; test -x .venv/x; test -x app/venv/x");
        lane.sh(&env, &[], &script).code(0);
        assert!(!env.project.join("envs/real/x").exists());
        Ok(())
    },
    fn hides_where_a_link_outside_leads(lane: &Lane) -> Outcome {
        let env = lane.env();
        let outside = env.root().join("envs/mine");
        tree::make(&outside, "pyvenv.cfg\nbin/python");
        std::os::unix::fs::symlink(&outside, env.project.join(".venv"))?;
        lane.give(&env.root());
        lane.sh(&env, &[], &format!("d=.venv; {IS_SHADOW}")).code(0);
        assert!(!outside.join("x").exists());
        Ok(())
    },
    /// runc before 1.1.8 puts the mode of the host's directory on the tmpfs.
    fn is_writable_whatever_the_mode_of_the_hidden_directory(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        let hidden = env.project.join(".venv");
        for mode in [0o500, 0o700, 0o777] {
            std::fs::set_permissions(&hidden, std::fs::Permissions::from_mode(mode))?;
            lane.sh(&env, &[], &format!("d=.venv; {IS_SHADOW}")).code(0);
            assert_eq!(hidden.metadata()?.mode() & 0o7777, mode);
        }
        Ok(())
    },
    fn is_writable_for_any_user_of_the_container(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        let script = format!("d=.venv; {IS_SHADOW}; id -u");
        if !lane.takes_users() {
            let why = if lane.is_native() { "runs as you" } else { "belong to a subordinate id" };
            lane.paude(&env, &["--user", "1000:1000", "--", "true"]).code(2).says(why);
            return Ok(());
        }
        lane.sh(&env, &["--user", "1000:1000"], &script).code(0).prints("1000\n");
        if lane.name == "podman-rootless" {
            let (uid, _) = lane.ids();
            lane.sh(&env, &["--engine-arg", "--userns=keep-id"], &script)
                .code(0)
                .prints(&format!("{uid}\n"));
        }
        Ok(())
    },
    fn files_written_beside_it_belong_to_the_person(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        let owner = |env: &Env, name: &str| {
            let data = env.project.join(name).metadata().unwrap();
            (data.uid(), data.gid())
        };
        lane.sh(&env, &[], "touch made").code(0);
        assert_eq!(owner(&env, "made"), lane.ids());
        if lane.is_native() {
            return Ok(());
        }
        // The image names a user of its own.
        lane.sh(&env, &["--image", lane.fact("image_user")], "touch made-too").code(0);
        assert_eq!(owner(&env, "made-too"), lane.ids());
        if lane.name == "podman-rootless" {
            lane.sh(&env, &["--user", "1000:1000"], "touch made-as-another").code(0);
            assert_eq!(owner(&env, "made-as-another"), lane.ids());
        }
        Ok(())
    },
    /// With an engine that loses the option, the command is not started.
    fn the_guard_stops_a_run_whose_shadow_is_missing(lane: &Lane) -> Outcome {
        if lane.is_native() {
            return Ok(());
        }
        let mut env = lane.env_with(VENV);
        let find = format!("command -v {}", lane.engine);
        let real = String::from_utf8(env.command("sh").args(["-c", &find]).output()?.stdout)?;
        env.fake_engine(&lane.engine, &DROPS_SHADOWS.replace("REAL", real.trim()));
        let before = snapshot(&env.project);
        lane.paude(&env, &["--setup", "touch .venv/setup", "--", "touch", ".venv/command"])
            .code(120)
            .says(&format!("guard: `{}/.venv` is not hidden", env.project.display()));
        assert_unchanged(&env.project, &before);
        Ok(())
    },
    /// Removing the mount point on the host takes the container's mount away.
    fn the_guard_ends_a_run_whose_shadow_is_lost(lane: &Lane) -> Outcome {
        for remove in ["rm -rf .venv && mkdir .venv", "mv .venv old && mkdir .venv"] {
            ends_when_shadow_is_lost(lane, &lane.env_with(VENV), &[], remove)?;
        }
        Ok(())
    }
);

parameterized!(
    Test,
    OF_DOCKER,
    /// Only root may read the mounts of a process of root, which a container of docker's is even
    /// if the person is not root: then the monitor has to run inside.
    fn the_guard_monitors_from_inside_where_the_container_is_of_root(lane: &Lane) -> Outcome {
        let mut env = lane.env_with(VENV);
        let socket = env.vars.iter().find_map(|(_, value)| value.strip_prefix("unix://")).unwrap();
        let group = std::fs::metadata(socket)?.gid();
        std::os::unix::fs::chown(&env.project, Some(12345), Some(group))?;
        std::os::unix::fs::chown(env.project.join(".venv"), Some(12345), Some(group))?;
        env.user = Some((12345, group));
        let state = env.project.parent().unwrap().join("state").display().to_string();
        env.set("XDG_STATE_HOME", state);
        let remove = "rm -rf .venv && mkdir .venv";
        ends_when_shadow_is_lost(lane, &env, &["--user", "0:0"], remove)
    }
);
