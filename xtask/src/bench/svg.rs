//! The rows as a picture: how much of its limit each takes.

use std::fmt::Write as _;

use super::report::Row;

const LINE: usize = 22;
const LEFT: usize = 430;
const FULL: f64 = 260.0;

/// One bar for each row; the line across all is the limit.
pub(super) fn picture(rows: &[Row]) -> String {
    let height = (rows.len() + 2) * LINE;
    let end = LEFT + FULL as usize;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 980 {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"980\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"{end}\" y=\"15\" text-anchor=\"middle\">limit</text>\n"
    );
    for (n, row) in rows.iter().enumerate() {
        let y = (n + 1) * LINE;
        let share = match row.at_least {
            true => row.limit / row.measured,
            false => (row.measured / row.limit).max(0.0),
        };
        // What goes past the limit is cut off, and red.
        let width = (share.min(1.25) * FULL).max(1.0);
        let colour = if row.holds() { "#3a7d44" } else { "#b3261e" };
        let (text, value) = (y + 14, LEFT as f64 + width + 6.0);
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{text}\" text-anchor=\"end\">{}</text>\n\
             <rect x=\"{LEFT}\" y=\"{}\" width=\"{width:.0}\" height=\"14\" fill=\"{colour}\"/>\n\
             <text x=\"{value:.0}\" y=\"{text}\" paint-order=\"stroke\" stroke=\"#fff\" stroke-width=\"3\">{:.2} {} ({})</text>\n",
            LEFT - 8,
            escaped(&match &*row.against {
                "-" => row.what.clone(),
                against => format!("{} / {against}", row.what),
            }),
            y + 3,
            row.measured,
            row.unit,
            row.wanted(),
        );
    }
    let bottom = height - LINE / 2;
    let _ = writeln!(
        svg,
        "<path d=\"M{end} 20V{bottom}\" stroke=\"#000\" stroke-dasharray=\"3\"/>\n</svg>"
    );
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
