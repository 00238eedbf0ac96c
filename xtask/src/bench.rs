//! `cargo xtask bench`: what paude costs, always compared with something measured in the same run, because the speed of
//! a machine varies.

mod cache;
mod engines;
mod measure;
mod plan;
mod program;
mod sessions;
mod svg;
mod table;
mod trees;

use anyhow::Result;

use crate::checkout::Checkout;
use crate::files;
use crate::prepare::{self, packages};
use crate::process::report;
use program::Programs;
use table::{Row, format_table};

/// The picture that the documentation shows.
const PICTURE: &str = "docs/performance.svg";

/// Measures everything and writes the results as a table, as JSON and as a picture; the exit code is 1 if a limit is
/// exceeded.
pub(crate) fn run(checkout: &Checkout) -> Result<u8> {
    let programs = Programs::build(checkout)?;
    let prepared = prepare::prepare(checkout, false)?;
    packages::ensure_for_bench();
    let mut rows: Vec<Row> = Vec::new();
    plan::measure(checkout, &programs, &mut rows)?;
    engines::measure(checkout, &programs, &prepared.lanes, &mut rows)?;
    sessions::measure(checkout, &programs, &prepared.lanes, &mut rows)?;
    match cache::measure(checkout, &programs) {
        Ok(row) => rows.push(row),
        Err(error) => report(format!("skipped: {}: {error:#}", cache::SUBJECT)),
    }

    print!("\n{}", format_table(&rows));
    let file = checkout.root.join("target/bench.json");
    files::write(&file, &format!("{}\n", serde_json::to_string_pretty(&rows)?))?;
    files::write(&checkout.root.join(PICTURE), &svg::draw(&rows))?;
    report(format!("wrote {} and {PICTURE}", file.display()));
    Ok(u8::from(rows.iter().any(|row| !row.is_within_limit())))
}
