//! git in a linked worktree and in a submodule, whose git directories are elsewhere.

use std::path::Path;

use super::Test;
use super::lane::Lane;
use crate::parameterized;
use crate::support::Env;

/// Runs git on the host, as the lane's user.
fn git(env: &Env, directory: &Path, args: &[&str]) -> String {
    let mut command = env.command("git");
    command.args(["-c", "user.name=test", "-c", "user.email=test@localhost"]);
    command.args(["-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main"]);
    let output = command.args(args).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A repository `main` with one commit, beside the project, which is empty.
fn repository(lane: &Lane) -> Env {
    let env = lane.env();
    std::fs::remove_dir(&env.project).unwrap();
    let main = env.root().join("main");
    std::fs::create_dir(&main).unwrap();
    lane.give(&env.root());
    git(&env, &main, &["init", "--quiet"]);
    git(&env, &main, &["commit", "--quiet", "--allow-empty", "-m", "first"]);
    env
}

/// Commits in the container.
const COMMIT: &str = "git -c user.name=c -c user.email=c@localhost commit --quiet --allow-empty -m \
    second && git log --format=%s";

parameterized!(
    Test,
    fn a_worktree_needs_its_git_directory_and_says_so(lane: &Lane) -> Outcome {
        let env = repository(lane);
        let main = env.root().join("main");
        git(&env, &main, &["worktree", "add", "--quiet", env.project.to_str().unwrap()]);
        let note = "which is not shared, so git fails in the container; --with-git shares it";
        let ran = lane.sh(&env, &[], COMMIT);
        assert_ne!(ran.exit_code(), Some(0), "{}", ran.stdout());
        assert!(ran.stderr().contains(note), "{}", ran.stderr());
        let ran = lane.sh(&env, &["--with-git"], COMMIT).code(0).prints("second\nfirst\n");
        assert!(!ran.stderr().contains(note), "{}", ran.stderr());
        // The commit is in the repository, and the branch of the main working tree is as it was.
        assert_eq!(git(&env, &env.project, &["log", "--format=%s"]), "second\nfirst\n");
        assert_eq!(git(&env, &main, &["log", "--format=%s"]), "first\n");
        assert_eq!(git(&env, &main, &["fsck"]), "");
        Ok(())
    },
    fn a_submodule_gets_its_own_git_directory_alone(lane: &Lane) -> Outcome {
        let env = repository(lane);
        let outer = env.root().join("outer");
        std::fs::create_dir(&outer)?;
        lane.give(&outer);
        git(&env, &outer, &["init", "--quiet"]);
        git(&env, &outer, &["submodule", "--quiet", "add", "../main", "project"]);
        let project = outer.join("project").display().to_string();
        std::fs::create_dir(&env.project)?;
        let ran = lane.sh(&env, &["-C", &project, "--with-git"], COMMIT);
        ran.code(0).prints("second\nfirst\n");
        let outer_git = format!("{}/.git", outer.display());
        let script = format!("test -d {outer_git}/modules/project; test ! -e {outer_git}/HEAD");
        if !lane.is_native() {
            lane.sh(&env, &["-C", &project, "--with-git"], &script).code(0);
        }
        Ok(())
    },
    fn a_file_that_leads_to_a_foreign_directory_shares_nothing(lane: &Lane) -> Outcome {
        let env = repository(lane);
        let main = env.root().join("main");
        let other = env.root().join("other").display().to_string();
        git(&env, &main, &["worktree", "add", "--quiet", &other]);
        std::fs::create_dir(&env.project)?;
        env.write(".git", &std::fs::read_to_string(env.root().join("other/.git"))?);
        lane.give(&env.project);
        lane.sh(&env, &["--with-git"], "touch ran")
            .code(2)
            .says("error: the git directory cannot be shared: `")
            .says(&format!("belongs to `{other}`, not to this project"));
        assert!(!env.project.join("ran").exists());
        Ok(())
    },
    fn a_project_cannot_ask_for_it(lane: &Lane) -> Outcome {
        let env = lane.env();
        for settings in ["{\"with_git\": true}", "{\"with\": [\"/srv/data\"]}"] {
            env.write("paude.json", settings);
            lane.sh(&env, &[], "touch ran").code(2).says("a project may not set this");
        }
        assert!(!env.project.join("ran").exists());
        Ok(())
    }
);
