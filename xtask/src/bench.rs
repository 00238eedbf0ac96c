//! `cargo xtask bench`: what paude costs, always against something else measured in the
//! same run, because machines are noisy.

mod engines;
mod measure;
mod plan;
mod program;
mod report;
mod svg;
mod trees;

use anyhow::Result;

use crate::place::{self, Place};
use crate::prepare;
use crate::process::say;
use program::Programs;
use report::{Row, table};

/// Where the picture is, which the README shows.
const PICTURE: &str = "docs/performance.svg";

/// Measures all, and shows it as a table, as JSON and as a picture. Fails if a line is
/// not reached.
pub(crate) fn run(place: &Place) -> Result<u8> {
    let programs = Programs::build(place)?;
    let ready = prepare::prepare(place, false)?;
    let mut rows: Vec<Row> = Vec::new();
    plan::measure(place, &programs, &mut rows)?;
    engines::measure(place, &programs, &ready.file, &mut rows)?;

    print!("\n{}", table(&rows));
    let file = place.root.join("target/bench.json");
    place::write(&file, &format!("{}\n", serde_json::to_string_pretty(&rows)?))?;
    place::write(&place.root.join(PICTURE), &svg::picture(&rows))?;
    say(format!("written: {} and {PICTURE}", file.display()));
    Ok(u8::from(rows.iter().any(|row| !row.holds())))
}
