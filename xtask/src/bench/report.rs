//! What was measured, and what it must reach.

use serde::Serialize;

/// One comparison.
#[derive(Serialize)]
pub(super) struct Row {
    /// What was run.
    pub(super) what: String,
    /// What it is compared with, measured in the same run.
    pub(super) against: String,
    /// What came out, in `unit`.
    pub(super) measured: f64,
    /// What it must not go past.
    pub(super) limit: f64,
    /// Whether `limit` is the least that it must reach, not the most.
    pub(super) at_least: bool,
    pub(super) unit: &'static str,
    /// The medians, or sizes, behind it.
    pub(super) numbers: String,
}

impl Row {
    pub(super) fn at_most(
        (what, against): (&str, &str),
        (measured, limit, unit): (f64, f64, &'static str),
        numbers: String,
    ) -> Self {
        let (what, against) = (what.to_owned(), against.to_owned());
        Self { what, against, measured, limit, at_least: false, unit, numbers }
    }

    pub(super) fn at_least(
        names: (&str, &str),
        values: (f64, f64, &'static str),
        numbers: String,
    ) -> Self {
        Self { at_least: true, ..Self::at_most(names, values, numbers) }
    }

    pub(super) fn holds(&self) -> bool {
        match self.at_least {
            true => self.measured >= self.limit,
            false => self.measured <= self.limit,
        }
    }

    /// The limit in words.
    pub(super) fn wanted(&self) -> String {
        let word = if self.at_least { "at least" } else { "at most" };
        format!("{word} {} {}", self.limit, self.unit)
    }
}

/// All rows, for people; Markdown, so that it can be pasted.
pub(super) fn table(rows: &[Row]) -> String {
    let mut lines = vec![
        ["", "what", "compared with", "measured", "must reach", "numbers"].map(String::from),
        ["---"; 6].map(String::from),
    ];
    lines.extend(rows.iter().map(|row| {
        let mark = if row.holds() { "ok" } else { "MISSED" }.to_owned();
        let measured = format!("{:.2} {}", row.measured, row.unit);
        [mark, row.what.clone(), row.against.clone(), measured, row.wanted(), row.numbers.clone()]
    }));
    let widths: [usize; 6] = std::array::from_fn(|column| {
        lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0)
    });
    let padded = |line: &[String; 6]| {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!(" {cell:width$} |"));
        format!("|{}\n", cells.collect::<String>())
    };
    lines.iter().map(padded).collect()
}
