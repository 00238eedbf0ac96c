//! Lists of `paude export ignore`, read by the builders that they are for: what arrives in an image
//! whose one instruction copies the project is what the list leaves over.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;

use super::super::Test;
use super::Lane;
use crate::exports::ignore;
use crate::parameterized;
use crate::support::{Env, Outcome, Ran, export_tools};

/// Copies what arrives in an image into this directory, which must not exist.
fn build(lane: &Lane, env: &Env, with_buildkit: bool, to: &Path) -> BTreeSet<String> {
    let id_file = env.root().join("id").display().to_string();
    let engine = |args: &[&str]| {
        let mut command = env.command(&lane.engine);
        command.env("DOCKER_BUILDKIT", if with_buildkit { "1" } else { "0" });
        Ran(command.args(args).stdin(Stdio::null()).output().unwrap()).code(0).stdout()
    };
    engine(&["build", "--iidfile", &id_file, "."]);
    let id = std::fs::read_to_string(&id_file).unwrap();
    // It is never started, and there is no such program in it.
    let container = engine(&["create", &id, "true"]);
    let container = container.trim();
    engine(&["cp", &format!("{container}:/context"), to.to_str().unwrap()]);
    engine(&["rm", container]);
    engine(&["image", "rm", &id]);
    let mut files = BTreeSet::new();
    ignore::add(to, "", &mut files);
    files
}

fn a_build_leaves_out(lane: &Lane, with_buildkit: bool) -> Outcome {
    let env = lane.own(ignore::project());
    if with_buildkit {
        // In a home of its own: paude itself would use it in other tests.
        let plugins = env.home().join(".docker/cli-plugins");
        std::fs::create_dir_all(&plugins)?;
        let plugin = export_tools::find("buildx")?;
        std::os::unix::fs::symlink(plugin, plugins.join("docker-buildx"))?;
    }
    env.write("Dockerfile", "FROM scratch\nCOPY . /context\n");
    let (hidden, kept) = ignore::split(&env);
    let all: BTreeSet<_> = hidden.union(&kept).cloned().collect();
    assert_eq!(build(lane, &env, with_buildkit, &env.root().join("all")), all);
    env.write(".dockerignore", &ignore::export(&env, "docker"));
    lane.give(&env.project);
    let (_, kept) = ignore::split(&env);
    let copy = env.root().join("copy");
    assert_eq!(build(lane, &env, with_buildkit, &copy), kept);
    // Nor are they there as empty directories.
    for file in hidden {
        assert!(!copy.join(&file).parent().unwrap().exists(), "{file}");
    }
    Ok(())
}

parameterized!(
    Test,
    fn a_build_leaves_out_the_same_directories(lane: &Lane) -> Outcome {
        a_build_leaves_out(lane, false)
    },
);

parameterized!(
    Test,
    BUILDKIT,
    fn buildkit_leaves_out_the_same_directories(lane: &Lane) -> Outcome {
        a_build_leaves_out(lane, true)
    },
);
