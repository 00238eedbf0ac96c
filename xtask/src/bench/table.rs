//! The rows of the report: what was measured, against what, and the limit.

use std::time::Duration;

use serde::Serialize;

use super::measure::{format_ms, to_ms};

/// One measurement.
#[derive(Serialize)]
pub(super) struct Row {
    /// The command or size that was measured.
    pub(super) subject: String,
    /// What it is compared with, measured in the same run; `-` if nothing.
    pub(super) baseline: String,
    pub(super) measured: f64,
    pub(super) unit: &'static str,
    /// A row without a limit is reported only.
    pub(super) limit: Option<Limit>,
    /// The numbers that `measured` was computed from.
    pub(super) details: String,
}

/// What `measured` must not exceed or fall below.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

impl Row {
    /// A value without a baseline.
    pub(super) fn value(subject: &str, measured: f64, unit: &'static str, limit: Limit) -> Self {
        let (subject, baseline) = (subject.to_owned(), "-".to_owned());
        Self { subject, baseline, measured, unit, limit: Some(limit), details: String::new() }
    }

    /// The milliseconds by which the subject is slower than its baseline, and the most that they may be.
    pub(super) fn extra_ms(
        (subject, baseline): (&str, &str),
        [time, base]: [Duration; 2],
        most: f64,
    ) -> Self {
        Self {
            baseline: baseline.to_owned(),
            details: format_pair(time, base),
            ..Self::value(subject, to_ms(time) - to_ms(base), "ms more", Limit::AtMost(most))
        }
    }

    /// The time of the baseline as a multiple of the subject's, and the least that it must be.
    pub(super) fn speedup(names: (&str, &str), [time, base]: [Duration; 2], least: f64) -> Self {
        Self {
            unit: "times faster",
            details: format_pair(time, base),
            ..Self::ratio(names, [base, time], Some(Limit::AtLeast(least)))
        }
    }

    /// The time of the subject as a multiple of its baseline's.
    pub(super) fn ratio(
        (subject, baseline): (&str, &str),
        [time, base]: [Duration; 2],
        limit: Option<Limit>,
    ) -> Self {
        let (subject, baseline) = (subject.to_owned(), baseline.to_owned());
        let (measured, details) = (to_ms(time) / to_ms(base), format_pair(time, base));
        Self { subject, baseline, measured, unit: "times", limit, details }
    }

    pub(super) fn is_within_limit(&self) -> bool {
        match self.limit {
            Some(Limit::AtMost(limit)) => self.measured <= limit,
            Some(Limit::AtLeast(limit)) => self.measured >= limit,
            None => true,
        }
    }

    /// The limit as people read it.
    pub(super) fn format_limit(&self) -> String {
        match self.limit {
            Some(Limit::AtMost(limit)) => format!("at most {limit} {}", self.unit),
            Some(Limit::AtLeast(limit)) => format!("at least {limit} {}", self.unit),
            None => "reported only".to_owned(),
        }
    }
}

fn format_pair(time: Duration, base: Duration) -> String {
    format!("{} against {}", format_ms(time), format_ms(base))
}

/// All rows as a Markdown table, so that it can be pasted into the documentation.
pub(super) fn format_table(rows: &[Row]) -> String {
    let mut lines = vec![
        ["", "what", "compared with", "measured", "limit", "numbers"].map(String::from),
        ["---"; 6].map(String::from),
    ];
    lines.extend(rows.iter().map(|row| {
        let mark = if row.is_within_limit() { "ok" } else { "EXCEEDED" }.to_owned();
        let measured = format!("{:.2} {}", row.measured, row.unit);
        let (subject, baseline) = (row.subject.clone(), row.baseline.clone());
        [mark, subject, baseline, measured, row.format_limit(), row.details.clone()]
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
