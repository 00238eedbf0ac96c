//! `paude policy new`.

use std::fs::DirBuilder;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::cli::Language;
use crate::commands::print::print;
use crate::error::{Error, Exit, Result};
use crate::escape::shown_path;

/// The files of a folder below the top of the checkout, each with its text.
macro_rules! files {
    ($folder:literal: $($name:literal),*) => {
        &[$(($name, include_str!(concat!("../../../../", $folder, $name)))),*]
    };
}

/// Names, each with the text of the file.
type Files = &'static [(&'static str, &'static str)];

const INTERFACE: Files =
    files!("": "wit/detection.wit", "wit/planning.wit", "wit/types.wit", "wit/world.wit");

/// The files of a template, and what to type next. `tests/policies` has them, and tests
/// build them.
fn template(language: Language) -> (Files, &'static [&'static str]) {
    match language {
        Language::Rust => (
            files!("tests/policies/minimal/": "Cargo.toml", "src/lib.rs"),
            &[
                "cargo test",
                "rustup target add wasm32-wasip2",
                "cargo build --release --target wasm32-wasip2",
                "cp target/wasm32-wasip2/release/cargo_target.wasm policy.wasm",
            ],
        ),
        Language::Python => (
            files!("tests/policies/minimal-python/":
                "app.py", "rules.py", "test_rules.py", "requirements.txt"),
            &[
                "python3 -m unittest",
                "python3 -m pip install -r requirements.txt",
                "componentize-py --wit-path wit --world detector componentize app --output policy.wasm",
            ],
        ),
        Language::Js => (
            files!("tests/policies/minimal-javascript/":
                "app.js", "rules.js", "rules.test.js", "build.js", "package.json", "world.wit"),
            &["npm test", "npm install", "npm run build"],
        ),
    }
}

/// Writes the template into a directory that is new or empty, and says what comes next.
pub(super) fn execute(dir: &Path, language: Language) -> Result<Exit> {
    let (files, steps) = template(language);
    let shown = shown_path(dir);
    make(dir, files.iter().chain(INTERFACE)).map_err(|error| {
        let what = format!("cannot make `{shown}`: {error}");
        match error.kind() {
            io::ErrorKind::AlreadyExists => Error::usage(what)
                .hint("nothing is overwritten; name a directory that is not there yet"),
            _ => Error::failed(what),
        }
    })?;
    let mut text =
        format!("`{shown}` holds a policy, its test, and the interface in `wit`; there:\n");
    let last = ["paude policy check policy.wasm", "paude policy run policy.wasm -C YOUR-PROJECT"];
    for step in steps.iter().chain(&last) {
        text += &format!("  {step}\n");
    }
    print(text.as_bytes())
}

/// All of it or nothing: half of it would stand in the way of a second try.
fn make<'f>(
    dir: &Path,
    files: impl Iterator<Item = &'f (&'static str, &'static str)>,
) -> io::Result<()> {
    let mut made = Made::default();
    match made.dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_empty(dir)? => {}
        new => new?,
    }
    let filled = made.fill(dir, files);
    if filled.is_err() {
        made.remove();
    }
    filled
}

/// What was just made, each directory before what is in it.
#[derive(Default)]
struct Made {
    dirs: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

#[expect(clippy::disallowed_methods, reason = "the person named where, and it is new")]
impl Made {
    fn dir(&mut self, path: &Path) -> io::Result<()> {
        DirBuilder::new().create(path)?;
        self.dirs.push(path.to_owned());
        Ok(())
    }

    fn fill<'f>(
        &mut self,
        dir: &Path,
        files: impl Iterator<Item = &'f (&'static str, &'static str)>,
    ) -> io::Result<()> {
        for (name, text) in files {
            let path = dir.join(name);
            match path.parent() {
                Some(parent) if !parent.is_dir() => self.dir(parent)?,
                _ => {}
            }
            let mut options = std::fs::OpenOptions::new();
            let mut file = options.write(true).create_new(true).open(&path)?;
            self.files.push(path);
            file.write_all(text.as_bytes())?;
        }
        Ok(())
    }

    fn remove(&self) {
        for file in &self.files {
            let _ = std::fs::remove_file(file);
        }
        for dir in self.dirs.iter().rev() {
            let _ = std::fs::remove_dir(dir);
        }
    }
}

fn is_empty(dir: &Path) -> io::Result<bool> {
    #[expect(clippy::disallowed_methods, reason = "the person named this directory")]
    let list = std::fs::read_dir(dir);
    match list {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(false),
        list => Ok(list?.next().is_none()),
    }
}
