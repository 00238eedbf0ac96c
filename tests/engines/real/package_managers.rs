//! The policy `node` with the package managers that it is for: what they install in the container
//! lands in no directory of the host. They are programs of this machine, so that only the built-in
//! engine has them; the packages are the project's own, and nothing is fetched.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::Test;
use super::lane::Lane;
use crate::parameterized;
use crate::support::{Env, Outcome, export_tools};

/// A project with the package `app`, which uses the program of the package `tool`.
fn project(lane: &Lane, version: &str, more: &[(&str, &str)]) -> Env {
    let env = lane.env();
    let app = format!(
        r#"{{"name": "app", "version": "1.0.0", "dependencies": {{"tool": "{version}"}}}}"#
    );
    let tool =
        r#"{"name": "tool", "version": "1.0.0", "license": "MIT", "bin": {"tool": "tool.js"}}"#;
    for (file, text) in [
        ("package.json", r#"{"name": "root", "private": true, "workspaces": ["packages/*"]}"#),
        ("packages/app/package.json", &app),
        ("packages/tool/package.json", tool),
        ("packages/tool/tool.js", "#!/usr/bin/env node\nconsole.log('works')\n"),
    ]
    .iter()
    .chain(more)
    {
        env.write(file, text);
    }
    let executable = Permissions::from_mode(0o755);
    std::fs::set_permissions(env.project.join("packages/tool/tool.js"), executable).unwrap();
    env
}

/// Installs twice and runs the program; the host gets these files, and nothing else.
fn installs(lane: &Lane, env: &Env, install: &str, run: &str, wanted: &[&str]) -> Outcome {
    let tools = export_tools::find("node_tools")?;
    let before = files(&env.project);
    // The container has no other file of this machine's that could be in `/tmp`.
    let copy = env.project.join(".tools");
    let copied = Command::new("cp").arg("-R").arg(&tools).arg(&copy).status()?;
    assert!(copied.success());
    let script = format!(
        "export HOME=/tmp TOOLS=\"$PWD/.tools\"
        ({install}) >/tmp/log 2>&1 || {{ cat /tmp/log; exit 1; }}
        cd packages/app; {run}"
    );
    for _ in 0..2 {
        lane.sh(env, &["--policy", "node", "--skip", ".tools"], &script).code(0).prints("works\n");
    }
    std::fs::remove_dir_all(copy)?;
    let mut created = files(&env.project);
    // Archives for any machine, with a hash in their names.
    let is_archive = |file: &str| file.starts_with(".yarn/cache/") && file.ends_with(".zip");
    created.retain(|file| !before.contains(file) && !is_archive(file));
    assert_eq!(created, wanted);
    Ok(())
}

/// Everything in the project that is no directory with something in it.
fn files(project: &Path) -> Vec<String> {
    let mut find = Command::new("find");
    find.current_dir(project).args([".", "(", "!", "-type", "d", "-o", "-empty", ")"]);
    let output = find.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut files: Vec<_> = text.lines().map(|line| line[2..].to_owned()).collect();
    files.sort();
    files
}

parameterized!(
    Test,
    fn npm(lane: &Lane) -> Outcome {
        let env = project(lane, "*", &[]);
        let install = "npm install --offline --no-audit --no-fund";
        let run = "npm exec --offline -- tool";
        installs(lane, &env, install, run, &["package-lock.json"])
    },
    fn yarn_1(lane: &Lane) -> Outcome {
        let env = project(lane, "*", &[]);
        let install = "node $TOOLS/yarn1/bin/yarn.js install --offline --non-interactive";
        let run = "node $TOOLS/yarn1/bin/yarn.js --silent run tool 2>/dev/null";
        installs(lane, &env, install, run, &["yarn.lock"])
    },
    fn yarn_4_with_node_modules(lane: &Lane) -> Outcome {
        let settings = "nodeLinker: node-modules\nenableTelemetry: false\n";
        let more = [(".yarnrc.yml", settings), ("yarn.lock", "")];
        let env = project(lane, "workspace:*", &more);
        let install = "node $TOOLS/yarn4/bin/yarn.js install --no-immutable";
        let run = "node $TOOLS/yarn4/bin/yarn.js run tool";
        installs(lane, &env, install, run, &[".yarn/install-state.gz"])
    },
    /// The first installation finds no `.pnp.cjs`, and the second one does.
    fn yarn_4_with_plug_n_play(lane: &Lane) -> Outcome {
        let settings = "enableGlobalCache: false\nenableTelemetry: false\n";
        let root = r#"{"name": "root", "private": true, "workspaces": ["packages/app"],
            "dependenciesMeta": {"tool": {"unplugged": true}}}"#;
        let more = [(".yarnrc.yml", settings), ("yarn.lock", ""), ("package.json", root)];
        let env = project(lane, "file:../tool", &more);
        let install = "node $TOOLS/yarn4/bin/yarn.js install --no-immutable
            ls .yarn/unplugged | grep -q tool";
        let run = "node $TOOLS/yarn4/bin/yarn.js run tool";
        let created = [".pnp.cjs", ".yarn/cache/.gitignore", ".yarn/install-state.gz"];
        installs(lane, &env, install, run, &created)
    },
    fn pnpm(lane: &Lane) -> Outcome {
        let more = [("pnpm-workspace.yaml", "packages:\n  - packages/*\n")];
        let env = project(lane, "workspace:*", &more);
        let install = "$TOOLS/pnpm install --offline";
        installs(lane, &env, install, "$TOOLS/pnpm exec tool", &["pnpm-lock.yaml"])
    },
    fn bun(lane: &Lane) -> Outcome {
        let env = project(lane, "workspace:*", &[]);
        installs(lane, &env, "$TOOLS/bun install", "$TOOLS/bun run tool", &["bun.lock"])
    }
);
