//! What the empty directories are like, and where they lie.

use std::os::unix::fs::MetadataExt as _;

use super::lane::Lane;
use super::{Test, on_each_lane};
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Env, Outcome, Ran, wait_for};

pub(super) const TESTS: [(&str, Test); 11] = on_each_lane![
    is_empty_writable_executable_nosuid_nodev_and_sized,
    hides_nested_projects,
    hides_a_listed_name_without_marker,
    reserves_what_does_not_exist_and_leaves_nothing,
    hides_where_a_link_inside_leads,
    hides_where_a_link_outside_leads,
    hides_a_host_directory_of_any_mode,
    belongs_to_any_user_of_the_container,
    leaves_files_that_belong_to_the_person,
    guard_stops_a_shadow_that_is_missing,
    guard_stops_a_run_whose_shadow_is_lost,
];

/// What only docker can show, whose containers may be root's when the person is not.
pub(super) const OF_DOCKER: [(&str, Test); 1] =
    on_each_lane![guard_looks_from_inside_at_what_is_roots];

const VENV: &str = ".venv/pyvenv.cfg: \"home = /usr/bin\\nversion = 3.11.2\\n\"";

/// Proves that `$d` is a shadow: empty, and taking an executable file.
const IS_SHADOW: &str = "test -z \"$(ls -A \"$d\")\"
    printf '#!/bin/sh\\nexit 0\\n' >\"$d/x\"; chmod +x \"$d/x\"; \"$d/x\"";

fn is_empty_writable_executable_nosuid_nodev_and_sized(lane: &Lane) -> Outcome {
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
    assert_eq!(ran.stderr(), "Shadowing venv: .venv\n");
    Ok(())
}

fn hides_nested_projects(lane: &Lane) -> Outcome {
    let env = lane.env_with(
        "packages/api/.venv/pyvenv.cfg\npackages/web/venv/pyvenv.cfg\nsrc/main.py\n.venv/pyvenv.cfg",
    );
    let before = snapshot(&env.project);
    let script = format!(
        "for d in .venv packages/api/.venv packages/web/venv; do {IS_SHADOW}; done; cat src/main.py"
    );
    lane.sh(&env, &[], &script)
        .code(0)
        .says("Shadowing venv: .venv, packages/api/.venv, packages/web/venv\n");
    assert_unchanged(&env.project, &before);
    Ok(())
}

fn hides_a_listed_name_without_marker(lane: &Lane) -> Outcome {
    let env = lane.env_with("my-env/file\n.venv/pyvenv.cfg");
    let script = format!("d=my-env; {IS_SHADOW}; ls .venv");
    lane.sh(&env, &["--venv", "my-env"], &script).code(0).prints("pyvenv.cfg\n");
    assert!(env.project.join("my-env/file").exists());
    Ok(())
}

fn reserves_what_does_not_exist_and_leaves_nothing(lane: &Lane) -> Outcome {
    let env = lane.env_with("README");
    let script = format!("for d in .venv deep/er/.venv; do {IS_SHADOW}; done");
    lane.sh(&env, &["--venv", ".venv", "--venv", "deep/er/.venv"], &script).code(0);
    let left: Vec<_> =
        std::fs::read_dir(&env.project)?.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["README"]);
    Ok(())
}

fn hides_where_a_link_inside_leads(lane: &Lane) -> Outcome {
    let env =
        lane.env_with("envs/real/pyvenv.cfg\n.venv -> envs/real\napp/venv -> $ROOT/envs/real");
    let script = format!("d=envs/real; {IS_SHADOW}; test -x .venv/x; test -x app/venv/x");
    lane.sh(&env, &[], &script).code(0);
    assert!(!env.project.join("envs/real/x").exists());
    Ok(())
}

fn hides_where_a_link_outside_leads(lane: &Lane) -> Outcome {
    let env = lane.env();
    let outside = env.root().join("envs/mine");
    crate::support::tree::make(&outside, "pyvenv.cfg\nbin/python");
    std::os::unix::fs::symlink(&outside, env.project.join(".venv"))?;
    lane.give(&env.root());
    lane.sh(&env, &[], &format!("d=.venv; {IS_SHADOW}")).code(0);
    assert!(!outside.join("x").exists());
    Ok(())
}

/// runc before 1.1.8 puts the mode of the host's directory on the tmpfs.
fn hides_a_host_directory_of_any_mode(lane: &Lane) -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;
    let env = lane.env_with(VENV);
    let hidden = env.project.join(".venv");
    for mode in [0o500, 0o700, 0o777] {
        std::fs::set_permissions(&hidden, std::fs::Permissions::from_mode(mode))?;
        lane.sh(&env, &[], &format!("d=.venv; {IS_SHADOW}")).code(0);
        assert_eq!(hidden.metadata()?.mode() & 0o7777, mode);
    }
    Ok(())
}

fn belongs_to_any_user_of_the_container(lane: &Lane) -> Outcome {
    let env = lane.env_with(VENV);
    let script = format!("d=.venv; {IS_SHADOW}; id -u");
    if lane.is_native() {
        lane.paude(&env, &["--user", "1000:1000", "--", "true"]).code(2).says("runs as you");
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
}

fn leaves_files_that_belong_to_the_person(lane: &Lane) -> Outcome {
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
    // An image whose own user is another one.
    lane.sh(&env, &["--image", lane.fact("image_user")], "touch made-too").code(0);
    assert_eq!(owner(&env, "made-too"), lane.ids());
    if lane.name == "podman-rootless" {
        lane.sh(&env, &["--user", "1000:1000"], "touch made-as-another").code(0);
        assert_eq!(owner(&env, "made-as-another"), lane.ids());
    }
    Ok(())
}

/// An engine that loses one flag: the command never starts.
fn guard_stops_a_shadow_that_is_missing(lane: &Lane) -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;
    if lane.is_native() {
        return Ok(());
    }
    let mut env = lane.env_with(VENV);
    let real = env.command("sh").args(["-c", &format!("command -v {}", lane.engine)]).output()?;
    let real = String::from_utf8(real.stdout)?;
    let bin = env.root().join("bin");
    let script = format!(
        "#!/bin/bash\nargs=()\nwhile [ $# -gt 0 ]; do\n  case $1$2 in --mounttype=tmpfs*|--mounttype=volume*) shift 2; continue ;; esac\n  \
         args+=(\"$1\"); shift\ndone\nexec {} \"${{args[@]}}\"\n",
        real.trim()
    );
    crate::support::tree::write(&bin.join(&lane.engine), &script);
    std::fs::set_permissions(bin.join(&lane.engine), std::fs::Permissions::from_mode(0o755))?;
    let path = env.vars.iter_mut().find(|(name, _)| name == "PATH").unwrap();
    path.1 = format!("{}:{}", bin.display(), path.1);
    let before = snapshot(&env.project);
    lane.paude(&env, &["--setup", "touch .venv/setup", "--", "touch", ".venv/command"])
        .code(120)
        .says(&format!("guard: `{}/.venv` is not hidden", env.project.display()));
    assert_unchanged(&env.project, &before);
    Ok(())
}

/// Whoever removes the mount point on the host takes the container's mount away.
fn guard_stops_a_run_whose_shadow_is_lost(lane: &Lane) -> Outcome {
    for spoil in ["rm -rf .venv && mkdir .venv", "mv .venv old && mkdir .venv"] {
        stops_if_spoiled(lane, &lane.env_with(VENV), &[], spoil)?;
    }
    Ok(())
}

/// What root runs shows its mounts to root alone: a person who may use docker has to look
/// from inside.
fn guard_looks_from_inside_at_what_is_roots(lane: &Lane) -> Outcome {
    let mut env = lane.env_with(VENV);
    let socket = env.vars.iter().find_map(|(_, value)| value.strip_prefix("unix://")).unwrap();
    let group = std::fs::metadata(socket)?.gid();
    std::os::unix::fs::chown(&env.project, Some(12345), Some(group))?;
    std::os::unix::fs::chown(env.project.join(".venv"), Some(12345), Some(group))?;
    env.user = Some((12345, group));
    env.vars.push((
        "XDG_STATE_HOME".to_owned(),
        env.project.parent().unwrap().join("state").display().to_string(),
    ));
    stops_if_spoiled(lane, &env, &["--user", "0:0"], "rm -rf .venv && mkdir .venv")
}

fn stops_if_spoiled(lane: &Lane, env: &Env, options: &[&str], spoil: &str) -> Outcome {
    let mut command = env.command(crate::support::paude());
    let script = "touch ready; sleep 30; touch .venv/evil";
    command.args(lane.args()).args(options).args(["--", "sh", "-c", script]);
    command.stdin(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
    let child = command.spawn()?;
    wait_for("the container does not start", 30, || env.project.join("ready").exists());
    if !lane.is_native() {
        // Until an engine's mounts were seen once, their loss cannot be told from outside.
        std::thread::sleep(std::time::Duration::from_secs(2));
    }
    let spoiled = std::time::Instant::now();
    assert!(env.command("sh").args(["-c", spoil]).status()?.success());
    let ran = Ran(child.wait_with_output()?).code(120);
    assert!(spoiled.elapsed().as_secs() < 15, "{spoil}: {:?}", spoiled.elapsed());
    ran.says(&format!("`{}/.venv` is no longer hidden", env.project.display()));
    assert!(!env.project.join(".venv/evil").exists());
    assert_eq!(lane.containers(env), "");
    Ok(())
}
