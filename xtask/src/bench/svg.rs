//! The rows as a picture of how much of its limit each takes.

use std::fmt::Write as _;

use super::table::{Limit, Row};

const WIDTH: usize = 1040;
const LINE: usize = 22;
const LEFT: usize = 470;
const FULL: f64 = 260.0;

/// One bar for each row with a limit; the vertical line is the limit.
pub(super) fn draw(rows: &[Row]) -> String {
    let limited = || rows.iter().filter_map(|row| Some((row, row.limit?)));
    let height = (limited().count() + 2) * LINE;
    let end = LEFT + FULL as usize;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"{end}\" y=\"15\" text-anchor=\"middle\">limit</text>\n"
    );
    for (n, (row, limit)) in limited().enumerate() {
        let y = (n + 1) * LINE;
        let share = match limit {
            Limit::AtLeast(limit) => limit / row.measured,
            Limit::AtMost(limit) => (row.measured / limit).max(0.0),
        };
        // A bar that exceeds the limit is cut off, and red.
        let width = (share.min(1.25) * FULL).max(1.0);
        let colour = if row.is_within_limit() { "#3a7d44" } else { "#b3261e" };
        let (text, value) = (y + 14, LEFT as f64 + width + 6.0);
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{text}\" text-anchor=\"end\">{}</text>\n\
             <rect x=\"{LEFT}\" y=\"{}\" width=\"{width:.0}\" height=\"14\" fill=\"{colour}\"/>\n\
             <text x=\"{value:.0}\" y=\"{text}\" paint-order=\"stroke\" stroke=\"#fff\" stroke-width=\"3\">{:.2} {} ({})</text>\n",
            LEFT - 8,
            escape(&match &*row.baseline {
                "-" => row.subject.clone(),
                baseline => format!("{} / {baseline}", row.subject),
            }),
            y + 3,
            row.measured,
            row.unit,
            row.format_limit(),
        );
    }
    let bottom = height - LINE / 2;
    let _ = writeln!(
        svg,
        "<path d=\"M{end} 20V{bottom}\" stroke=\"#000\" stroke-dasharray=\"3\"/>\n</svg>"
    );
    svg
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
