//! Names that a shell, an option list, CSV, a terminal or an encoding would take for syntax.
//! Each is used exactly as it is, as seen in the container, or refused with an error that names
//! the engine and the character; and nothing is created beside it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use super::Test;
use super::lane::Lane;
use crate::parameterized;
use crate::support::snapshot::{Snapshot, changes, snapshot};
use crate::support::{Env, Ran};

/// Without control characters, as a policy may return them.
const REPRESENTABLE: [&str; 33] = [
    "a:b",
    "in ner",
    " leading",
    "trailing ",
    "a,b",
    "a=b",
    "a'b",
    "a\"b",
    "\"quoted\"",
    "\"",
    "a\\b",
    "a\\040b",
    "a\\",
    "-dash",
    "--rm",
    "$(id)",
    "${HOME}",
    "`id`",
    "*",
    "[a]",
    "~",
    "#x",
    "%20",
    "{x}",
    "{a,b}",
    "a;b",
    "a|b",
    "a&b",
    "...",
    "\u{e9}",
    "e\u{301}",
    "\u{202e}x",
    "!!",
];

/// With control characters: the workspace may have such a name, as no policy returns it.
const CONTROL: [&str; 7] = ["a\nb", "\n", "a\rb", "a\tb", "a\u{1}b", "a\u{7f}b", "a\u{1b}[2Jb"];

/// The longest name that file systems allow.
fn longest() -> String {
    "n".repeat(255)
}

/// Proves in the container that the working directory is `$1` byte for byte, that each further
/// argument is an empty directory below it into which a program can be written, and that no
/// entry of PATH is relative; then writes a file into the project.
const PROOF: &str = r#"
    [ "$(pwd -P; printf x)" = "$1
x" ] || { echo "not in $1"; exit 61; }
    here=$1; shift
    for shadow do
      cd -- "$here/$shadow" || exit 62
      [ -z "$(ls -A)" ] || { echo "not empty: $shadow"; exit 63; }
      printf '#!/bin/sh\nexit 0\n' >inside; chmod +x inside; ./inside || exit 64
    done
    set -f; IFS=:
    for entry in $PATH; do
      case $entry in /*) ;; *) echo "on PATH: $entry"; exit 65 ;; esac
    done
    echo beside >"$here/beside"
"#;

/// A project at this path below the test's root, and a snapshot of the root.
fn project(lane: &Lane, path: impl AsRef<Path>) -> (Env, Snapshot) {
    let mut env = lane.env();
    env.project = env.root().join(path);
    std::fs::create_dir_all(&env.project).unwrap();
    env.vars.push(("XDG_STATE_HOME".to_owned(), env.home().join("state").display().to_string()));
    let before = given(lane, &env);
    (env, before)
}

/// Gives everything to the lane's user, and takes a snapshot.
fn given(lane: &Lane, env: &Env) -> Snapshot {
    lane.give(&env.root());
    snapshot(&env.root())
}

/// Runs [`PROOF`] for these shadows.
fn prove(lane: &Lane, env: &Env, options: &[OsString], shadows: &[&str]) -> Ran {
    let mut args: Vec<OsString> = lane.args().into_iter().map(OsString::from).collect();
    args.extend_from_slice(options);
    args.extend(["--", "/bin/sh", "-c", PROOF, "sh"].map(OsString::from));
    args.push(env.project.clone().into());
    args.extend(shadows.iter().map(OsString::from));
    env.paude(&args)
}

/// Fails unless exactly these paths of the project changed, the home left out.
#[track_caller]
fn assert_changed(env: &Env, before: &Snapshot, wanted: &[PathBuf]) {
    let mut changed = changes(&env.root(), before);
    changed.retain(|path| !path.starts_with("home"));
    let own = env.project.strip_prefix(env.root()).unwrap();
    let wanted: Vec<_> = wanted.iter().map(|path| own.join(path)).collect();
    assert_eq!(changed, wanted);
}

/// Fails unless the run left the one file of [`PROOF`], and nothing else.
#[track_caller]
fn assert_only_beside(env: &Env, before: &Snapshot) {
    assert_changed(env, before, &["".into(), "beside".into()]);
    assert_eq!(std::fs::read(env.project.join("beside")).unwrap(), b"beside\n");
}

/// Options that list these names; `./` keeps `!` from being an exception.
fn listed(names: &[&str]) -> Vec<OsString> {
    names.iter().map(|name| format!("--venv=./{name}").into()).collect()
}

parameterized!(
    Test,
    /// Several names at once, each one directory of the path.
    fn a_workspace_may_have_any_name(lane: &Lane) -> Outcome {
        let longest = longest();
        let names: Vec<&str> =
            CONTROL.into_iter().chain([longest.as_str()]).chain(REPRESENTABLE).collect();
        for some in names.chunks(14) {
            let (env, _) = project(lane, some.iter().collect::<PathBuf>());
            env.write(".venv/pyvenv.cfg", "version = 3.12.1\n");
            let before = given(lane, &env);
            prove(lane, &env, &[], &[".venv"]).code(0).says("Hiding: .venv\n");
            assert_only_beside(&env, &before);
        }
        Ok(())
    },
    /// Existing directories are hidden; missing ones are created and removed again.
    fn listed_environments_may_have_any_representable_name(lane: &Lane) -> Outcome {
        let (env, _) = project(lane, "project");
        let (longest, mut names) = (longest(), REPRESENTABLE.to_vec());
        names.push(&longest);
        names.iter().for_each(|name| env.write(&format!("{name}/file"), "of the host"));
        let reserved: Vec<_> = names.iter().map(|name| format!("{name}.new")).collect();
        names.extend(reserved.iter().map(String::as_str).filter(|name| name.len() <= 255));
        let before = given(lane, &env);
        prove(lane, &env, &listed(&names), &names)
            .code(0)
            .says("warning: `a:b`: has `:` in its full path and is not on PATH in the container\n");
        assert_only_beside(&env, &before);
        Ok(())
    },
    fn environments_of_any_representable_name_are_found(lane: &Lane) -> Outcome {
        let (env, _) = project(lane, "project");
        let longest = longest();
        let names = || REPRESENTABLE.into_iter().chain([longest.as_str()]);
        let mut found: Vec<_> = names().map(|name| format!("envs/{name}")).collect();
        found.extend(names().map(|name| format!("{name}/venv")));
        found
            .iter()
            .for_each(|path| env.write(&format!("{path}/pyvenv.cfg"), "version = 3.12.1\n"));
        let before = given(lane, &env);
        let found: Vec<_> = found.iter().map(String::as_str).collect();
        prove(lane, &env, &[], &found).code(0);
        assert_only_beside(&env, &before);
        Ok(())
    },
    /// What stands before the comma or colon exists as well, so that a wrong reader would find it.
    fn an_option_in_a_name_is_not_an_option(lane: &Lane) -> Outcome {
        let names =
            ["a,destination=", "a:ro", "a,ro", "a,source=", "a:", "a,readonly", "a:exec,size=1"];
        let (env, _) = project(
            lane,
            ["a,destination=", "evil", "a:ro", "a,ro,b", "\"a\""].iter().collect::<PathBuf>(),
        );
        for (n, _) in env.project.ancestors().enumerate().take(5) {
            let parent = env.project.ancestors().nth(n + 1).unwrap();
            std::fs::create_dir(parent.join("a")).unwrap();
        }
        for name in names.into_iter().chain(["a", "evil"]) {
            env.write(&format!("{name}/file"), "of the host");
            env.write(&format!("{name}/evil/file"), "of the host");
        }
        let before = given(lane, &env);
        prove(lane, &env, &listed(&names), &names).code(0);
        assert_only_beside(&env, &before);
        Ok(())
    },
    fn a_name_that_the_engine_cannot_represent_is_refused_with_its_character(
        lane: &Lane,
    ) -> Outcome {
        let cases: [(&[u8], &str); 2] = [
            (b"a\r\nb", "a carriage return before a newline"),
            (b"a\xffb", "the byte 0xff, which is not UTF-8"),
        ];
        for (name, character) in cases {
            let (env, _) = project(lane, OsStr::from_bytes(name));
            env.write(".venv/pyvenv.cfg", "version = 3.12.1\n");
            // What a lossy conversion would make of the name.
            for sibling in ["a\nb", "a\u{fffd}b"] {
                std::fs::create_dir(env.root().join(sibling))?;
            }
            let before = given(lane, &env);
            let ran = prove(lane, &env, &[], &[".venv"]);
            if lane.is_native() {
                ran.code(0).says("Hiding: .venv\n");
                assert_only_beside(&env, &before);
                continue;
            }
            let path = env.project.display().to_string().replace("\r\n", "\\r\\n");
            ran.code(125).says(&format!(
                "error: {} cannot represent the path `{path}`: it contains {character}\n",
                lane.engine
            ));
            assert_changed(&env, &before, &[]);
        }
        Ok(())
    },
    /// No policy can return it, so the person has to know that it is not hidden.
    fn a_name_that_is_not_representable_is_reported_and_refused_if_listed(lane: &Lane) -> Outcome {
        let (env, _) = project(lane, "project");
        let unrepresentable = [b"a\nb".to_vec(), b"a\x01b".to_vec(), b"a\xffb".to_vec()];
        for name in &unrepresentable {
            let environment = env.project.join("envs").join(OsStr::from_bytes(name));
            crate::support::tree::write(&environment.join("pyvenv.cfg"), "version = 3.12.1\n");
        }
        env.write(".venv/pyvenv.cfg", "version = 3.12.1\n");
        let before = given(lane, &env);
        prove(lane, &env, &[], &[".venv"]).code(0).says(
            "warning: `envs`: 3 names were skipped, such as `a\\u{1}b`: \
         not UTF-8, or with a control character; an environment there is not hidden\n",
        );
        assert_only_beside(&env, &before);
        // Listed by the person, it is an error: they asked for it to be hidden.
        std::fs::remove_file(env.project.join("beside"))?;
        let before = given(lane, &env);
        for (name, said) in unrepresentable.iter().zip([
            "has a control character",
            "has a control character",
            "UTF-8",
        ]) {
            let option = [b"--venv=envs/", name.as_slice()].concat();
            prove(lane, &env, &[OsString::from_vec(option)], &[]).code(2).says(said);
            assert_changed(&env, &before, &[]);
        }
        Ok(())
    }
);
