//! The notices of the crates that are linked into the program, or into the policy in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::target::{self, Target};
use crate::checkout::Checkout;
use crate::process::{self, run_captured};

/// What of `cargo metadata` is read.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Crate>,
}

#[derive(Deserialize)]
struct Crate {
    name: String,
    version: String,
    license: Option<String>,
    manifest_path: PathBuf,
}

/// A linked crate with the texts of its licences.
struct Notice {
    name: String,
    license: String,
    texts: BTreeSet<String>,
}

/// The beginning of the file.
const HEAD: &str = "\
The program paude contains the crates below, and Rust's standard library (MIT OR Apache-2.0, the Rust project's \
contributors) with what that contains. Each may be used under the licence named beside it; the texts follow.

";

/// The names of files with licences, in lower case.
const FILES: [&str; 5] = ["licen", "copying", "copyright", "notice", "unlicense"];

/// The text of the notices; an error if a crate's licence has no text.
pub(super) fn create(checkout: &Checkout) -> Result<String> {
    let mut linked = linked_crates(checkout, "paude-guest", "wasm32-wasip2")?;
    for target in target::linux().chain([Target::own()?]) {
        linked.extend(linked_crates(checkout, "paude", &target.triple)?);
    }
    let mut cargo = process::cargo(&checkout.root);
    cargo.args(["metadata", "--format-version=1", "--locked"]);
    let metadata: Metadata = serde_json::from_str(&run_captured(&mut cargo)?)?;
    let crates = metadata.packages.iter().filter(|one| linked.contains(&one.id()));
    let mut notices = crates.map(Notice::read).collect::<Result<Vec<_>>>()?;
    notices.sort_by(|a, b| a.name.cmp(&b.name));
    complete(&mut notices)?;
    Ok(render(&notices))
}

/// The names and versions of the crates that end up in a package compiled for a target, without those of this workspace
/// and without what runs in the compiler.
fn linked_crates(checkout: &Checkout, package: &str, triple: &str) -> Result<BTreeSet<String>> {
    let mut cargo = process::cargo(&checkout.root);
    cargo.args(["tree", "--locked", "--package", package, "--target", triple]);
    cargo.args(["--edges=normal,no-proc-macro", "--prefix=none", "--format={p}"]);
    let tree = run_captured(&mut cargo)?;
    let names = tree.lines().filter(|line| !line.contains('/')).filter_map(|line| {
        let mut words = line.split(' ');
        Some(format!("{} {}", words.next()?, words.next()?.trim_start_matches('v')))
    });
    Ok(names.collect())
}

impl Crate {
    /// Its name and version.
    fn id(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

impl Notice {
    fn read(linked: &Crate) -> Result<Self> {
        let license = linked.license.clone();
        let license = license.with_context(|| format!("{} names no licence", linked.name))?;
        let dir = linked.manifest_path.parent().context("a manifest lies in a directory")?;
        let mut texts = BTreeSet::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().to_lowercase();
            if FILES.iter().any(|start| name.starts_with(start)) && entry.path().is_file() {
                texts.insert(read_text(&entry.path())?);
            }
        }
        Ok(Self { name: linked.id(), license, texts })
    }
}

fn read_text(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
    Ok(text.trim_matches('\n').to_owned())
}

/// Gives the crates without a text that of another crate under the same licence, if it names no author.
fn complete(notices: &mut [Notice]) -> Result<()> {
    let known: Vec<_> = notices
        .iter()
        .filter(|notice| notice.license.starts_with("Apache-2.0") && !notice.texts.is_empty())
        .map(|notice| (notice.license.clone(), notice.texts.clone()))
        .collect();
    for notice in notices.iter_mut().filter(|notice| notice.texts.is_empty()) {
        let same = known.iter().find(|(license, _)| *license == notice.license);
        let (_, texts) = same.with_context(|| {
            format!("{} ({}) comes without the text of its licence", notice.name, notice.license)
        })?;
        notice.texts.clone_from(texts);
    }
    Ok(())
}

/// The list of crates, then each text once, under the crates that it belongs to.
fn render(notices: &[Notice]) -> String {
    let mut text = HEAD.to_owned();
    let mut by_text: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for notice in notices {
        let _ = writeln!(text, "{}: {}", notice.name, notice.license);
        for own in &notice.texts {
            by_text.entry(own).or_default().push(&notice.name);
        }
    }
    let mut sections: Vec<_> = by_text.into_iter().map(|(own, names)| (names, own)).collect();
    sections.sort();
    for (names, own) in sections {
        let _ = write!(text, "\n{}\n{}\n\n{own}\n", "-".repeat(80), names.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(name: &str, license: &str, texts: &[&str]) -> Notice {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        Notice { name: name.to_owned(), license: license.to_owned(), texts }
    }

    #[test]
    fn each_text_appears_once_with_its_crates() {
        let notices = [
            notice("a 1", "MIT", &["by A"]),
            notice("b 2", "MIT", &["by B"]),
            notice("c 3", "MIT", &["by A"]),
        ];
        let text = render(&notices);
        assert!(text.contains("a 1: MIT\nb 2: MIT\nc 3: MIT\n"), "{text}");
        assert!(text.contains("-\na 1, c 3\n\nby A\n"), "{text}");
        assert_eq!(text.matches("by A").count(), 1);
    }

    #[test]
    fn a_licence_that_names_its_author_is_not_guessed() -> Result<()> {
        let mut notices =
            [notice("a 1", "Apache-2.0", &["terms"]), notice("b 2", "Apache-2.0", &[])];
        complete(&mut notices)?;
        assert!(notices[1].texts.contains("terms"));
        let mut notices = [notice("a 1", "MIT", &["by A"]), notice("b 2", "MIT", &[])];
        assert!(complete(&mut notices).is_err());
        Ok(())
    }
}
