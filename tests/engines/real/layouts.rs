//! Environments in other places and of other shapes than `.venv` in the root. Each was left open
//! once: the container wrote into the host's environment, or created one on the host.

use super::Test;
use super::isolation::UV_PROJECT;
use super::lane::Lane;
use super::shadow::IS_SHADOW;
use crate::parameterized;
use crate::support::snapshot::{Snapshot, assert_unchanged, snapshot};
use crate::support::{Checked, Env};

/// Creates an environment in `$d` with the container's own Python, and runs its Python.
const MAKE: &str = "test -z \"$(ls -A \"$d\")\"; python3 -m venv --without-pip \"$d\"
    test \"$(\"$d/bin/python\" -c 'import sys; print(sys.prefix)')\" = \"$PWD/$d\"";

/// Runs a script with these directories hidden: in each of them it sees nothing and can run a
/// program that it wrote, and on the host nothing changes in them.
#[track_caller]
fn hides(lane: &Lane, env: &Env, options: &[&str], places: &[&str], script: &str) -> Checked {
    let before = snapshots(env, places);
    let each = places.join("' '");
    let script = format!("for d in '{each}'; do {IS_SHADOW}; rm \"$d/x\"; done\n{script}");
    let ran = lane.sh(env, options, &script).code(0);
    for (place, before) in places.iter().zip(&before) {
        assert_unchanged(&env.project.join(place), before);
    }
    assert_eq!(lane.containers(env), "");
    ran
}

fn snapshots(env: &Env, places: &[&str]) -> Vec<Snapshot> {
    places.iter().map(|place| snapshot(&env.project.join(place))).collect()
}

/// The same where the host's environment at `place` is a real one, which has to work afterwards.
#[track_caller]
fn hides_real(lane: &Lane, env: &Env, options: &[&str], place: &str, script: &str) {
    lane.host_venv(env, place);
    hides(lane, env, options, &[place], script);
    lane.host_venv_works(env, place);
}

parameterized!(
    Test,
    fn a_git_worktree_in_a_hidden_directory_keeps_its_environment(lane: &Lane) -> Outcome {
        let env = lane.env_with(
            ".venv/pyvenv.cfg
            .claude/worktrees/fix/.git: \"gitdir: $ROOT/.git/worktrees/fix\\n\"",
        );
        lane.give(&env.project);
        let script = format!("cd .claude/worktrees/fix; d=.venv; {MAKE}");
        hides_real(lane, &env, &[], ".claude/worktrees/fix/.venv", &script);
        Ok(())
    },
    fn an_environment_far_down_is_hidden(lane: &Lane) -> Outcome {
        let env = lane.env_with("platform/services/payments/api/pyproject.toml");
        let script = format!("cd platform/services/payments/api; d=.venv; {MAKE}");
        hides_real(lane, &env, &[], "platform/services/payments/api/.venv", &script);
        Ok(())
    },
    /// Without the shadow, uv rebuilds the host's environment on the container's interpreter.
    fn uv_sync_into_an_environment_of_another_name_leaves_the_hosts_unchanged(
        lane: &Lane,
    ) -> Outcome {
        let env = lane.env();
        env.write("pyproject.toml", UV_PROJECT);
        lane.copy_wheels(&env);
        lane.give(&env.project);
        let script = "uv sync --offline
            .docker-venv/bin/python -c 'import markupsafe._speedups'";
        let variable = ["-e", "UV_PROJECT_ENVIRONMENT=.docker-venv"];
        hides_real(lane, &env, &variable, ".docker-venv", script);
        assert!(!env.project.join(".venv").exists());
        Ok(())
    },
    fn environments_of_direnv_and_devenv_are_hidden(lane: &Lane) -> Outcome {
        let env = lane.env_with(
            ".envrc: \"layout python\\n\"
            .direnv/CACHEDIR.TAG: \"Signature: 8a477f597d28d172789f06886806bc55\\n\"
            .direnv/python-3.11/pyvenv.cfg
            .devenv/state/venv/pyvenv.cfg",
        );
        let places = [".direnv/python-3.11", ".devenv/state/venv"];
        let script = format!("d=.direnv/python-3.11; {MAKE}");
        let ran = hides(lane, &env, &[], &places, &script);
        assert!(!ran.stderr().contains("no environment yet"), "{}", ran.stderr());
        Ok(())
    },
    /// virtualenv before 20 and Python 2 wrote no `pyvenv.cfg`.
    fn an_environment_of_virtualenv_16_is_hidden(lane: &Lane) -> Outcome {
        let env = lane.env_with(
            "old/bin/activate
            old/bin/python -> /usr/bin/python2.7
            old/lib/python2.7/site.py",
        );
        hides(lane, &env, &[], &["old"], &format!("d=old; {MAKE}"));
        Ok(())
    },
    fn pep_582_packages_are_hidden(lane: &Lane) -> Outcome {
        let env = lane.env_with("__pypackages__/3.11/lib/markupsafe/__init__.py");
        let script = "mkdir -p __pypackages__/3.11/lib; touch __pypackages__/3.11/lib/new.py";
        hides(lane, &env, &[], &["__pypackages__"], script);
        Ok(())
    },
    /// As an interrupted removal leaves it: the marker is gone, the packages are not.
    fn a_half_removed_environment_is_hidden(lane: &Lane) -> Outcome {
        let env = lane.env_with(".venv/lib/python3.12/site-packages/markupsafe/__init__.py");
        hides(lane, &env, &[], &[".venv"], &format!("d=.venv; {MAKE}"));
        Ok(())
    },
    /// Tools take an existing directory for an existing environment, and create new ones beside.
    fn directories_of_tools_are_hidden_whole(lane: &Lane) -> Outcome {
        let env = lane.env_with(
            ".tox/py311/pyvenv.cfg
            .nox/tests/bin/python -> /usr/bin/python3
            .hatch/sample/pyvenv.cfg
            .pixi/envs/default/conda-meta/history
            .pixi/config.toml: \"run-post-link-scripts = false\\n\"",
        );
        let places = [".tox", ".nox", ".hatch", ".pixi/envs"];
        let script = format!(
            "for d in .tox/py312 .nox/new .hatch/x .pixi/envs/y; do mkdir $d; {MAKE}; done
            cat .pixi/config.toml"
        );
        hides(lane, &env, &[], &places, &script).prints("run-post-link-scripts = false\n");
        Ok(())
    },
    fn an_exception_stays_visible_and_is_reported(lane: &Lane) -> Outcome {
        let env = lane.env_with(".venv/pyvenv.cfg\n.venv-docker/pyvenv.cfg");
        env.write("paude.json", r#"{"venv": ["auto", "!.venv-docker"]}"#);
        hides(lane, &env, &[], &[".venv"], "ls .venv-docker; touch .venv-docker/new")
            .prints("pyvenv.cfg\n")
            .says("warning: `.venv-docker`: stays open, as asked");
        assert!(env.project.join(".venv-docker/new").exists());
        Ok(())
    },
    fn a_list_with_auto_adds_to_what_is_found(lane: &Lane) -> Outcome {
        let env = lane.env_with(".venv/pyvenv.cfg\napi/myenv/pyvenv.cfg\nbuild/cache");
        let options = ["--venv", "auto", "--venv", "build", "--venv", "tools/env"];
        let script = format!("d=tools/env; {MAKE}");
        hides(lane, &env, &options, &[".venv", "api/myenv", "build"], &script);
        assert!(!env.project.join("tools").exists());
        Ok(())
    },
    /// In a monorepo in which another project has an environment.
    fn an_environment_that_would_land_on_the_host_is_reported_with_the_option_that_helps(
        lane: &Lane,
    ) -> Outcome {
        let env = lane.env_with("api/.venv/pyvenv.cfg");
        env.write("web/pyproject.toml", &UV_PROJECT.replace("\"wheels\"", "\"../wheels\""));
        lane.copy_wheels(&env);
        lane.give(&env.project);
        lane.sh(&env, &[], "cd web; uv lock --offline").code(0);
        let option = ["--venv", "auto", "--venv", "web/.venv"];
        let ran = lane.sh(&env, &[], "test ! -e web/.venv").code(0);
        let advice = format!("`{}` reserves its place", option.join(" "));
        ran.says("warning: `web`: `uv sync` in the container would make `.venv` here")
            .says(&advice);
        hides(
            lane,
            &env,
            &option,
            &["api/.venv"],
            "cd web; uv sync --offline; ls .venv/bin/python",
        );
        assert!(!env.project.join("web/.venv").exists());
        Ok(())
    }
);
