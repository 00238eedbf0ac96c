//! `paude policy new`.

use std::fs::DirBuilder;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::cli::Language;
use crate::commands::print::print;
use crate::error::{Error, Exit, Result};
use crate::escape::shown_path;

/// Files of a folder of the package, which holds links into the repository.
macro_rules! files {
    ($folder:literal: $($name:literal),*) => {
        &[$(($name, include_str!(concat!("../../../", $folder, $name)))),*]
    };
}

/// Pairs of a name and a content.
type TemplateFiles = &'static [(&'static str, &'static str)];

const INTERFACE: TemplateFiles =
    files!("": "wit/detection.wit", "wit/planning.wit", "wit/types.wit", "wit/world.wit");

/// The manifest has another name in the package, as cargo packages no directory that has one.
const RUST: TemplateFiles = &[
    ("Cargo.toml", include_str!("../../../templates/rust/manifest.toml")),
    ("src/lib.rs", include_str!("../../../templates/rust/lib.rs")),
];

/// The files of a template, and the commands to run next. The files are in `tests/policies`, so
/// that tests build them.
fn template(language: Language) -> (TemplateFiles, &'static [&'static str]) {
    match language {
        Language::Rust => (
            RUST,
            &[
                "cargo test",
                "rustup target add wasm32-wasip2",
                "cargo build --release --target wasm32-wasip2",
                "cp target/wasm32-wasip2/release/cargo_target.wasm policy.wasm",
            ],
        ),
        Language::Python => (
            files!("templates/python/":
                "app.py", "rules.py", "test_rules.py", "requirements.txt"),
            &[
                "python3 -m unittest",
                "python3 -m pip install -r requirements.txt",
                "componentize-py --wit-path wit --world detector componentize app --output policy.wasm",
            ],
        ),
        Language::Js => (
            files!("templates/js/":
                "app.js", "rules.js", "rules.test.js", "build.js", "package.json", "world.wit"),
            &["npm test", "npm install", "npm run build"],
        ),
    }
}

/// Writes the template into a directory that is new or empty, and prints the commands to run
/// there.
pub(super) fn execute(dir: &Path, language: Language) -> Result<Exit> {
    let (files, commands) = template(language);
    let shown = shown_path(dir);
    create(dir, files.iter().chain(INTERFACE)).map_err(|error| {
        let message = format!("cannot create `{shown}`: {error}");
        match error.kind() {
            ErrorKind::AlreadyExists => Error::usage(message).hint(
                "existing files are not overwritten; name a directory that does not exist yet",
            ),
            _ => Error::failed(message),
        }
    })?;
    let mut text =
        format!("`{shown}` holds a policy, its test, and the interface in `wit`; there:\n");
    let last = ["paude policy check policy.wasm", "paude policy run policy.wasm -C YOUR-PROJECT"];
    for command in commands.iter().chain(&last) {
        text += &format!("  {command}\n");
    }
    print(&text)
}

/// Creates all files, or none, so that a second attempt is possible.
fn create<'f>(
    dir: &Path,
    files: impl Iterator<Item = &'f (&'static str, &'static str)>,
) -> io::Result<()> {
    let mut created = Created::default();
    match created.create_dir(dir) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && is_empty(dir)? => {}
        result => result?,
    }
    let result = created.write_files(dir, files);
    if result.is_err() {
        created.remove_all();
    }
    result
}

/// What was created, each directory before its content.
#[derive(Default)]
struct Created {
    dirs: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

#[expect(clippy::disallowed_methods, reason = "the user named the directory, and it is new")]
impl Created {
    fn create_dir(&mut self, path: &Path) -> io::Result<()> {
        DirBuilder::new().create(path)?;
        self.dirs.push(path.to_owned());
        Ok(())
    }

    fn write_files<'f>(
        &mut self,
        dir: &Path,
        files: impl Iterator<Item = &'f (&'static str, &'static str)>,
    ) -> io::Result<()> {
        for (name, content) in files {
            let path = dir.join(name);
            match path.parent() {
                Some(parent) if !parent.is_dir() => self.create_dir(parent)?,
                _ => {}
            }
            let mut options = std::fs::OpenOptions::new();
            let mut file = options.write(true).create_new(true).open(&path)?;
            self.files.push(path);
            file.write_all(content.as_bytes())?;
        }
        Ok(())
    }

    fn remove_all(&self) {
        for file in &self.files {
            let _ = std::fs::remove_file(file);
        }
        for dir in self.dirs.iter().rev() {
            let _ = std::fs::remove_dir(dir);
        }
    }
}

fn is_empty(dir: &Path) -> io::Result<bool> {
    #[expect(clippy::disallowed_methods, reason = "the user named this directory")]
    match std::fs::read_dir(dir) {
        Err(error) if error.kind() == ErrorKind::NotADirectory => Ok(false),
        entries => Ok(entries?.next().is_none()),
    }
}
