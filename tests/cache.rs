//! What paude keeps of a policy that it compiled. It is loaded as machine code, so the tests
//! plant another policy's code under a name in the cache: where that one answers, the cache
//! was believed, and where it does not, it was not.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::hostile::policy;
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Env, Outcome, Ran, paude};
use crate::trials;

/// All of them.
pub fn trials() -> Vec<Trial> {
    trials![
        a_policy_is_compiled_once,
        fifty_runs_at_once_do_not_disturb_each_other,
        damaged_entries_are_ignored_and_made_anew,
        what_others_could_have_written_is_not_loaded,
        a_cache_in_the_project_is_not_used,
        a_project_in_the_cache_goes_without_it,
        none_is_made_in_the_home_of_another_person,
        a_cache_that_cannot_be_written_is_no_error,
        without_the_cache_nothing_is_read_or_written,
        the_built_in_policy_makes_no_cache,
        a_write_that_was_cut_off_is_no_obstacle,
        a_terminal_is_told_of_a_long_wait_and_a_file_is_not,
    ]
}

/// A policy that refuses with this word, after some time to compile.
fn saying(env: &Env, word: &str, blocks: usize) -> String {
    let block = "(block (br_if 0 (local.get 0)) (local.set 0 (i32.const 1)))";
    let text = format!(
        r#"(core module $main
            (import "heap" "memory" (memory 1))
            (data (i32.const 1024) "{word}")
            (func (param i32) {})
            (func (export "detect") (param i32 i32 i32 i32 i32 i32) (result i32)
                (i32.store (i32.const 0) (i32.const 1))
                (i32.store (i32.const 8) (i32.const 1024))
                (i32.store (i32.const 12) (i32.const {}))
                i32.const 0))"#,
        block.repeat(blocks),
        word.len()
    );
    let file = env.root().join(format!("{word}.wasm"));
    std::fs::write(&file, policy::component(&text)).unwrap();
    file.display().to_string()
}

/// What is said of a policy; it has to be the word of one.
#[track_caller]
fn word(env: &Env, file: &str, args: &[&str]) -> String {
    let ran = env.paude(&[&["plan", "--policy", file], args].concat()).code(125);
    let said = ran.stderr();
    let (_, word) = said.split_once("` refused: ").unwrap_or_else(|| panic!("{said}"));
    word.trim_end().to_owned()
}

fn directory(env: &Env) -> PathBuf {
    env.home().join(".cache/paude/policies")
}

/// The one entry there is.
#[track_caller]
fn entry(directory: &Path) -> PathBuf {
    let versions: Vec<_> = std::fs::read_dir(directory.join("modules")).unwrap().collect();
    assert_eq!(versions.len(), 1);
    let files = std::fs::read_dir(versions[0].as_ref().unwrap().path()).unwrap();
    let mut files = files.map(|file| file.unwrap().path());
    let found = files.find(|file| file.extension().is_none()).expect("an entry");
    assert!(files.all(|file| file.extension().is_some()), "more than one entry");
    found
}

/// A policy that says `true`, with code in the cache that says `false`.
fn planted(env: &Env) -> String {
    let other = Env::new();
    word(&other, &saying(&other, "false", 0), &[]);
    let file = saying(env, "true", 0);
    word(env, &file, &[]);
    std::fs::copy(entry(&directory(&other)), entry(&directory(env))).unwrap();
    file
}

fn a_policy_is_compiled_once() -> Outcome {
    let env = Env::new();
    let file = planted(&env);
    assert_eq!(word(&env, &file, &[]), "false");
    // The name of an entry is the hash of the component: another one is compiled.
    std::fs::rename(saying(&env, "other", 0), &file)?;
    assert_eq!(word(&env, &file, &[]), "other");
    let mode = std::fs::metadata(directory(&env))?.permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    Ok(())
}

fn fifty_runs_at_once_do_not_disturb_each_other() -> Outcome {
    let env = Env::new();
    let file = saying(&env, "true", 500);
    let start = || {
        let mut command = env.command(paude());
        command.args(["plan", "--policy", &file]).stderr(std::process::Stdio::piped());
        command.stdout(std::process::Stdio::null()).spawn()
    };
    let children: Vec<_> = (0..50).map(|_| start()).collect::<Result<_, _>>()?;
    for child in children {
        Ran(child.wait_with_output()?).code(125).says("` refused: true\n");
    }
    // And what they left is whole.
    entry(&directory(&env));
    assert_eq!(word(&env, &file, &[]), "true");
    Ok(())
}

fn damaged_entries_are_ignored_and_made_anew() -> Outcome {
    let env = Env::new();
    let file = saying(&env, "true", 0);
    word(&env, &file, &[]);
    let entry = entry(&directory(&env));
    let whole = std::fs::read(&entry)?;
    let stranger = b"\x28\xb5\x2f\xfd\x20\x05\x29\x00\x00other".to_vec();
    for damaged in [Vec::new(), whole[..whole.len() / 2].to_vec(), vec![7; 4096], stranger] {
        std::fs::write(&entry, &damaged)?;
        assert_eq!(word(&env, &file, &[]), "true");
        assert!(std::fs::read(&entry)? != damaged, "not made anew");
    }
    std::fs::remove_file(&entry)?;
    std::fs::create_dir(&entry)?;
    assert_eq!(word(&env, &file, &[]), "true");
    Ok(())
}

fn what_others_could_have_written_is_not_loaded() -> Outcome {
    let open = |path: &Path, mode: u32| {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    };
    // The directory itself, one above it, and a link to one.
    for (above, mode) in [(0, 0o770), (0, 0o701), (1, 0o777), (2, 0o775), (3, 0o772)] {
        let env = Env::new();
        let file = planted(&env);
        let directory = directory(&env);
        let place = directory.ancestors().nth(above).unwrap();
        open(place, mode);
        assert_eq!(word(&env, &file, &[]), "true", "{}", place.display());
        open(place, 0o700);
        assert_eq!(word(&env, &file, &[]), "false", "{}", place.display());
        let elsewhere = env.root().join("elsewhere");
        std::fs::create_dir(&elsewhere)?;
        std::fs::rename(&directory, elsewhere.join("policies"))?;
        std::os::unix::fs::symlink(elsewhere.join("policies"), &directory)?;
        open(&elsewhere, 0o777);
        assert_eq!(word(&env, &file, &[]), "true");
        if rustix::process::geteuid().is_root() {
            open(&elsewhere, 0o700);
            std::os::unix::fs::chown(elsewhere.join("policies"), Some(1), None)?;
            assert_eq!(word(&env, &file, &[]), "true");
        }
    }
    Ok(())
}

fn a_cache_in_the_project_is_not_used() -> Outcome {
    let env = Env::new();
    let file = planted(&env);
    // A project that is the whole home directory: its containers write in there.
    let home = env.home().display().to_string();
    assert_eq!(word(&env, &file, &["-C", &home]), "true");
    // Nor is one made in a project, however it is led to.
    let mut env = Env::new();
    let file = saying(&env, "true", 0);
    std::os::unix::fs::symlink(&env.project, env.root().join("link"))?;
    for place in [env.project.join("cache"), env.root().join("link/by-link")] {
        env.vars = vec![("XDG_CACHE_HOME".to_owned(), place.display().to_string())];
        assert_eq!(word(&env, &file, &[]), "true");
        assert!(!place.exists(), "{}", place.display());
    }
    Ok(())
}

fn a_project_in_the_cache_goes_without_it() -> Outcome {
    let env = Env::new();
    let file = planted(&env);
    let project = directory(&env).join("project");
    std::fs::create_dir(&project)?;
    assert_eq!(word(&env, &file, &["-C", &project.display().to_string()]), "true");
    assert_eq!(word(&env, &file, &[]), "false");
    Ok(())
}

/// As `sudo` does where it keeps HOME.
fn none_is_made_in_the_home_of_another_person() -> Outcome {
    if !rustix::process::geteuid().is_root() {
        return Ok(()); // who could not write there
    }
    for there in ["", ".cache", ".cache/paude/policies"] {
        let env = Env::new();
        let file = saying(&env, "true", 0);
        std::fs::create_dir_all(env.home().join(there))?;
        for place in env.home().join(there).ancestors().take_while(|place| *place != env.root()) {
            std::os::unix::fs::chown(place, Some(12345), None)?;
        }
        let before = snapshot(&env.home());
        assert_eq!(word(&env, &file, &[]), "true");
        assert_unchanged(&env.home(), &before);
    }
    Ok(())
}

fn a_cache_that_cannot_be_written_is_no_error() -> Outcome {
    let mut env = Env::new();
    let file = saying(&env, "true", 0);
    for place in ["/proc/nowhere", "/dev/null", "relative"] {
        env.vars = vec![("XDG_CACHE_HOME".to_owned(), place.to_owned())];
        assert_eq!(word(&env, &file, &[]), "true");
    }
    // The last of these is none, so that the usual place was taken.
    std::fs::remove_dir_all(directory(&env).join("modules"))?;
    std::fs::write(directory(&env).join("modules"), "")?;
    assert_eq!(word(&env, &file, &[]), "true");
    Ok(())
}

fn without_the_cache_nothing_is_read_or_written() -> Outcome {
    let env = Env::new();
    let file = planted(&env);
    assert_eq!(word(&env, &file, &["--no-policy-cache"]), "true");
    assert_eq!(word(&env, &file, &[]), "false");
    let env = Env::new();
    word(&env, &saying(&env, "true", 0), &["--no-policy-cache"]);
    assert!(!env.home().join(".cache").exists());
    Ok(())
}

fn the_built_in_policy_makes_no_cache() -> Outcome {
    let env = Env::new();
    env.paude(&["plan"]).code(0);
    env.paude(&["plan", "--policy", "/nowhere.wasm"]).code(125);
    assert!(!env.home().join(".cache").exists());
    Ok(())
}

fn a_write_that_was_cut_off_is_no_obstacle() -> Outcome {
    let env = Env::new();
    let file = saying(&env, "true", 0);
    word(&env, &file, &[]);
    let entry = entry(&directory(&env));
    std::fs::remove_file(&entry)?;
    let unfinished = entry.with_extension("wip-atomic-write-mod");
    let left = std::fs::File::create(&unfinished)?;
    word(&env, &file, &[]);
    assert!(!entry.exists(), "somebody may be writing it at this moment");
    left.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(120))?;
    word(&env, &file, &[]);
    assert!(entry.exists() && !unfinished.exists());
    Ok(())
}

fn a_terminal_is_told_of_a_long_wait_and_a_file_is_not() -> Outcome {
    let env = Env::new();
    let file = saying(&env, "true", 10_000);
    let line = format!(" Compiling policy `{file}` (once; kept for later runs) ...");
    let ran = env.paude(&["plan", "--no-policy-cache", "--policy", &file]).code(125);
    assert_eq!(ran.stderr().lines().count(), 1);
    let at_a_terminal = |args: &[&str]| {
        let spawn = "import pty, sys; pty.spawn(sys.argv[1:])";
        let mut command = env.command("python3");
        command.args(["-c", spawn]).arg(paude()).args(args).stdin(std::process::Stdio::null());
        command.output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let quiet = at_a_terminal(&["run", "-q", "--no-policy-cache", "--policy", &file])?;
    assert!(quiet.starts_with("error: "), "{quiet:?}");
    let shown = at_a_terminal(&["plan", "--policy", &file])?;
    let (line, _) = line.split_at(line.len().min(60));
    assert!(shown.starts_with("\r/") && shown.contains(line), "{shown:?}");
    assert!(shown.contains("  \rerror: "), "not erased: {shown:?}");
    let again = at_a_terminal(&["plan", "--policy", &file])?;
    assert!(again.starts_with("error: "), "{again:?}");
    Ok(())
}
