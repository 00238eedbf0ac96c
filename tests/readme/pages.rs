//! The pages, and what the tests read from them: blocks, tables, code in backticks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

macro_rules! pages {
    ($($path:literal),* $(,)?) => { &[$(($path, include_str!(concat!("../../", $path)))),*] };
}

/// Every page, with its path in the repository.
pub(super) const PAGES: &[(&str, &str)] = pages![
    "README.md",
    "CONTRIBUTING.md",
    "docs/CHANGELOG.md",
    "docs/architecture.md",
    "docs/detection.md",
    "docs/devcontainers.md",
    "docs/engines.md",
    "docs/environments-that-last.md",
    "docs/export.md",
    "docs/images.md",
    "docs/install.md",
    "docs/json.md",
    "docs/kubernetes.md",
    "docs/migrating.md",
    "docs/performance.md",
    "docs/policies.md",
    "docs/proof.md",
    "docs/security.md",
    "docs/sessions.md",
    "docs/settings.md",
    "docs/troubleshooting.md",
];

/// The top of the checkout.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The tag and the text of every block of a page.
pub(super) fn fences(page: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    page.split("\n```").skip(1).step_by(2).map(|part| part.split_once('\n').unwrap())
}

/// The text of every block with this tag, on all pages.
pub(super) fn blocks(tag: &str) -> Vec<&'static str> {
    let all = PAGES.iter().flat_map(|(_, page)| fences(page));
    all.filter(|(own, _)| *own == tag).map(|(_, text)| text).collect()
}

/// The rows of every table with this head, each a list of cells with their backticks.
pub(super) fn tables(head: &str) -> Vec<Vec<Vec<String>>> {
    let cells = |row: &str| {
        let row = row.replace("\\|", "/");
        row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let rows = |rest: &'static str| {
        rest.lines().skip(1).take_while(|line| line.starts_with('|')).map(cells).collect()
    };
    let head = format!("\n{head}\n");
    PAGES.iter().flat_map(|(_, page)| page.split(&head).skip(1)).map(rows).collect()
}

/// The rows of the only table with this head.
pub(super) fn table(head: &str) -> Vec<Vec<String>> {
    let mut found = tables(head);
    assert_eq!(found.len(), 1, "one table has the head {head}");
    found.remove(0)
}

/// What stands in backticks.
pub(super) fn code(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The first code in backticks of each first cell, in their order.
pub(super) fn column(table: &[Vec<String>]) -> Vec<String> {
    table.iter().map(|row| code(&row[0]).swap_remove(0)).collect()
}

/// The same of the only table with this head.
pub(super) fn first_column(head: &str) -> BTreeSet<String> {
    column(&table(head)).into_iter().collect()
}
