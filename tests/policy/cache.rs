//! Compiled policies are kept and loaded again as machine code. The tests plant the code of
//! another policy in the cache: which of the two answers shows whether the cache was used.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::hostile::policy;
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Env, Ran, paude};
use crate::trials;

/// A policy that refuses with this message, and takes longer to compile the more blocks it has.
fn policy_refusing(env: &Env, message: &str, blocks: usize) -> String {
    let detect = policy::DETECT;
    let block = "(block (br_if 0 (local.get 0)) (local.set 0 (i32.const 1)))";
    let text = format!(
        r#"(core module $main
            (import "heap" "memory" (memory 1))
            (data (i32.const 1024) "{message}")
            (func (param i32) {})
            {detect}
                (i32.store (i32.const 0) (i32.const 1))
                (i32.store (i32.const 8) (i32.const 1024))
                (i32.store (i32.const 12) (i32.const {}))
                i32.const 0))"#,
        block.repeat(blocks),
        message.len()
    );
    let file = env.root().join(format!("{message}.wasm"));
    std::fs::write(&file, policy::component(&text)).unwrap();
    file.display().to_string()
}

/// The message with which a policy refuses.
#[track_caller]
fn refusal(env: &Env, file: &str, args: &[&str]) -> String {
    let ran = env.paude(&[&["plan", "--policy", file], args].concat()).code(125);
    let said = ran.stderr();
    let (_, message) = said.split_once("` refused: ").unwrap_or_else(|| panic!("{said}"));
    message.trim_end().to_owned()
}

fn directory(env: &Env) -> PathBuf {
    env.home().join(".cache/paude/policies")
}

/// The only entry of the cache.
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

/// A policy that refuses with `true`, and its entry in the cache.
#[track_caller]
fn cached(env: &Env) -> (String, PathBuf) {
    let file = policy_refusing(env, "true", 0);
    refusal(env, &file, &[]);
    (file, entry(&directory(env)))
}

/// Replaces an entry by the unfinished one of a run that was killed while it wrote it.
fn interrupt_write(entry: &Path) -> (PathBuf, File) {
    std::fs::remove_file(entry).unwrap();
    let unfinished = entry.with_extension("wip-atomic-write-mod");
    let file = File::create(&unfinished).unwrap();
    (unfinished, file)
}

/// Damages an entry: the policy is compiled, and the entry recreated.
#[track_caller]
fn assert_recreated(env: &Env, file: &str, entry: &Path, damaged: &[u8]) {
    std::fs::write(entry, damaged).unwrap();
    assert_eq!(refusal(env, file, &[]), "true");
    assert!(std::fs::read(entry).unwrap() != damaged, "not recreated");
}

/// A policy that refuses with `true`, with code in its cache entry that refuses with `false`.
fn planted(env: &Env) -> String {
    let other = Env::new();
    refusal(&other, &policy_refusing(&other, "false", 0), &[]);
    let (file, own) = cached(env);
    std::fs::copy(entry(&directory(&other)), own).unwrap();
    file
}

trials!(
    fn a_policy_is_compiled_once() -> Outcome {
        let env = Env::new();
        let file = planted(&env);
        assert_eq!(refusal(&env, &file, &[]), "false");
        // An entry is named by the component's hash, so another component is compiled.
        std::fs::rename(policy_refusing(&env, "other", 0), &file)?;
        assert_eq!(refusal(&env, &file, &[]), "other");
        let mode = std::fs::metadata(directory(&env))?.permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        Ok(())
    },
    fn fifty_runs_at_once_do_not_disturb_each_other() -> Outcome {
        let env = Env::new();
        let file = policy_refusing(&env, "true", 500);
        let start = || {
            let mut command = env.command(paude());
            command.args(["plan", "--policy", &file]).stderr(std::process::Stdio::piped());
            command.stdout(std::process::Stdio::null()).spawn()
        };
        let children: Vec<_> = (0..50).map(|_| start()).collect::<Result<_, _>>()?;
        for child in children {
            Ran(child.wait_with_output()?).code(125).says("` refused: true\n");
        }
        // The entry that they left is valid.
        entry(&directory(&env));
        assert_eq!(refusal(&env, &file, &[]), "true");
        Ok(())
    },
    fn damaged_entries_are_ignored_and_recreated() -> Outcome {
        let env = Env::new();
        let (file, entry) = cached(&env);
        let whole = std::fs::read(&entry)?;
        let other = b"\x28\xb5\x2f\xfd\x20\x05\x29\x00\x00other".to_vec();
        for damaged in [Vec::new(), whole[..whole.len() / 2].to_vec(), vec![7; 4096], other] {
            assert_recreated(&env, &file, &entry, &damaged);
        }
        std::fs::remove_file(&entry)?;
        std::fs::create_dir(&entry)?;
        assert_eq!(refusal(&env, &file, &[]), "true");
        Ok(())
    },
    fn a_cache_that_others_could_have_written_is_not_loaded() -> Outcome {
        let open = |path: &Path, mode: u32| {
            std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        };
        // The directory itself, those above it, and the target of a link.
        for (above, mode) in [(0, 0o770), (0, 0o701), (1, 0o777), (2, 0o775), (3, 0o772)] {
            let env = Env::new();
            let file = planted(&env);
            let directory = directory(&env);
            let place = directory.ancestors().nth(above).unwrap();
            open(place, mode);
            assert_eq!(refusal(&env, &file, &[]), "true", "{}", place.display());
            open(place, 0o700);
            assert_eq!(refusal(&env, &file, &[]), "false", "{}", place.display());
            let elsewhere = env.root().join("elsewhere");
            std::fs::create_dir(&elsewhere)?;
            std::fs::rename(&directory, elsewhere.join("policies"))?;
            std::os::unix::fs::symlink(elsewhere.join("policies"), &directory)?;
            open(&elsewhere, 0o777);
            assert_eq!(refusal(&env, &file, &[]), "true");
            if rustix::process::geteuid().is_root() {
                open(&elsewhere, 0o700);
                std::os::unix::fs::chown(elsewhere.join("policies"), Some(1), None)?;
                assert_eq!(refusal(&env, &file, &[]), "true");
            }
        }
        Ok(())
    },
    fn a_cache_in_the_project_is_not_used() -> Outcome {
        let env = Env::new();
        let file = planted(&env);
        // The project is the whole home directory, where its containers can write.
        let home = env.home().display().to_string();
        assert_eq!(refusal(&env, &file, &["-C", &home]), "true");
        // Nor is one created in a project, also through a link.
        let mut env = Env::new();
        let file = policy_refusing(&env, "true", 0);
        std::os::unix::fs::symlink(&env.project, env.root().join("link"))?;
        for place in [env.project.join("cache"), env.root().join("link/by-link")] {
            env.vars = vec![("XDG_CACHE_HOME".to_owned(), place.display().to_string())];
            assert_eq!(refusal(&env, &file, &[]), "true");
            assert!(!place.exists(), "{}", place.display());
        }
        Ok(())
    },
    fn a_cache_around_the_project_is_not_used() -> Outcome {
        let env = Env::new();
        let file = planted(&env);
        let project = directory(&env).join("project");
        std::fs::create_dir(&project)?;
        assert_eq!(refusal(&env, &file, &["-C", &project.display().to_string()]), "true");
        assert_eq!(refusal(&env, &file, &[]), "false");
        Ok(())
    },
    /// As with a `sudo` that keeps HOME.
    fn no_cache_is_created_in_the_home_of_another_user() -> Outcome {
        if !rustix::process::geteuid().is_root() {
            return Ok(()); // others cannot write there anyway
        }
        for there in ["", ".cache", ".cache/paude/policies"] {
            let env = Env::new();
            let file = policy_refusing(&env, "true", 0);
            std::fs::create_dir_all(env.home().join(there))?;
            for place in env.home().join(there).ancestors().take_while(|place| *place != env.root())
            {
                std::os::unix::fs::chown(place, Some(12345), None)?;
            }
            let before = snapshot(&env.home());
            assert_eq!(refusal(&env, &file, &[]), "true");
            assert_unchanged(&env.home(), &before);
        }
        Ok(())
    },
    fn a_cache_that_cannot_be_written_is_no_error() -> Outcome {
        let mut env = Env::new();
        let file = policy_refusing(&env, "true", 0);
        for place in ["/proc/nowhere", "/dev/null", "relative"] {
            env.vars = vec![("XDG_CACHE_HOME".to_owned(), place.to_owned())];
            assert_eq!(refusal(&env, &file, &[]), "true");
        }
        // A relative path is ignored, so the cache is at its usual place.
        std::fs::remove_dir_all(directory(&env).join("modules"))?;
        std::fs::write(directory(&env).join("modules"), "")?;
        assert_eq!(refusal(&env, &file, &[]), "true");
        Ok(())
    },
    /// A write beyond the limit of file sizes would end paude by a signal.
    fn a_cache_whose_entry_is_too_large_is_no_error() -> Outcome {
        let env = Env::new();
        let file = policy_refusing(&env, "true", 0);
        let mut command = env.command("sh");
        command.args(["-c", "ulimit -f 0; exec \"$0\" plan --policy \"$1\""]);
        let ran = Ran(command.arg(paude()).arg(&file).output()?).code(125);
        ran.says("` refused: true\n");
        Ok(())
    },
    fn without_the_cache_nothing_is_read_or_written() -> Outcome {
        let env = Env::new();
        let file = planted(&env);
        assert_eq!(refusal(&env, &file, &["--no-policy-cache"]), "true");
        assert_eq!(refusal(&env, &file, &[]), "false");
        let env = Env::new();
        refusal(&env, &policy_refusing(&env, "true", 0), &["--no-policy-cache"]);
        assert!(!env.home().join(".cache").exists());
        Ok(())
    },
    fn the_built_in_policy_creates_no_cache() -> Outcome {
        let env = Env::new();
        env.paude(&["plan"]).code(0);
        env.paude(&["plan", "--policy", "/nowhere.wasm"]).code(125);
        assert!(!env.home().join(".cache").exists());
        Ok(())
    },
    fn an_interrupted_write_does_not_block_later_ones() -> Outcome {
        let env = Env::new();
        let (file, entry) = cached(&env);
        let (unfinished, left) = interrupt_write(&entry);
        refusal(&env, &file, &[]);
        assert!(!entry.exists(), "another process may be writing it");
        left.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(120))?;
        refusal(&env, &file, &[]);
        assert!(entry.exists() && !unfinished.exists());
        Ok(())
    },
    fn an_unfinished_entry_from_the_future_does_not_block_later_writes() -> Outcome {
        let env = Env::new();
        let (file, entry) = cached(&env);
        let (unfinished, left) = interrupt_write(&entry);
        left.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(1 << 30))?;
        refusal(&env, &file, &[]);
        assert!(entry.exists() && !unfinished.exists());
        Ok(())
    },
    /// Loaded as it is, some of them would crash paude, and others be taken for a broken policy.
    fn an_entry_with_a_flipped_bit_is_compiled_again() -> Outcome {
        let env = Env::new();
        let (file, entry) = cached(&env);
        let whole = std::fs::read(&entry)?;
        for n in 0..60 {
            let mut damaged = whole.clone();
            damaged[n * whole.len() / 60] ^= 1 << (n % 8);
            assert_recreated(&env, &file, &entry, &damaged);
        }
        Ok(())
    },
    fn a_long_compilation_is_shown_at_a_terminal_only() -> Outcome {
        let env = Env::new();
        let file = policy_refusing(&env, "true", 10_000);
        let line = format!(" Compiling policy `{file}` (once; cached for later runs) ...");
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
);
