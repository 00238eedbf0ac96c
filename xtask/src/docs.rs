//! `cargo xtask docs`: the pages of the repository as a site, made by mdBook.
//!
//! The README is its first page, and its links decide what the other pages are and in which order they come.

mod links;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::checkout::Checkout;
use crate::files;
use crate::prepare::from_crates;
use crate::process::{report, run_captured};

const MDBOOK: &str = "mdbook@0.5.4";

/// Without the preprocessor that renames each README, as the links to them would lead nowhere.
const BOOK: &str = r#"[book]
title = "paude"
language = "en"
src = "src"

[build]
build-dir = "site"
use-default-preprocessors = false

[output.html]
no-section-label = true

[output.html.print]
enable = false
"#;

/// Makes the site in `target/docs/site` and checks its links; returns 0.
pub(crate) fn run(checkout: &Checkout) -> Result<u8> {
    let mdbook = mdbook(checkout)?;
    let work = checkout.root.join("target/docs");
    let _ = fs::remove_dir_all(&work);
    let source = work.join("src");
    let mut summary = String::new();
    for path in reachable(&checkout.root)? {
        let copy = source.join(&path);
        files::create_dir(copy.parent().context("a file has a parent")?)?;
        fs::copy(checkout.root.join(&path), &copy)?;
        if is_page(&path) {
            let text = fs::read_to_string(&copy)?;
            summary.push_str(&format!("- [{}]({})\n", title(&text), path.display()));
        }
    }
    files::write(&source.join("SUMMARY.md"), &summary)?;
    files::write(&work.join("book.toml"), BOOK)?;
    run_captured(Command::new(mdbook).arg("build").arg(&work))?;
    let site = work.join("site");
    let checked = links::check(&site)?;
    report(format!(
        "{} has {} pages; {checked} links lead somewhere",
        site.display(),
        summary.lines().count()
    ));
    Ok(0)
}

/// The program that renders pages, built once.
fn mdbook(checkout: &Checkout) -> Result<PathBuf> {
    let args = [MDBOOK, "--no-default-features", "--features=search"];
    let folder = from_crates(checkout, "mdbook", &args, "some minutes")?;
    Ok(folder.join("bin/mdbook"))
}

/// The files to which links lead from the README, from the pages that it links to, and so on: those that are nearer to
/// the README first.
fn reachable(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = vec![PathBuf::from("README.md")];
    let mut seen: BTreeSet<_> = found.iter().cloned().collect();
    let mut next = 0;
    while let Some(path) = found.get(next).cloned() {
        next += 1;
        if !is_page(&path) {
            continue;
        }
        let text = fs::read_to_string(root.join(&path))?;
        for target in links::in_markdown(&path, &text) {
            let shown = target.display();
            ensure!(root.join(&target).is_file(), "{} links to {shown}, no file", path.display());
            if seen.insert(target.clone()) {
                found.push(target);
            }
        }
    }
    Ok(found)
}

fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "md")
}

/// The first heading of a page.
fn title(text: &str) -> &str {
    text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or("untitled")
}
