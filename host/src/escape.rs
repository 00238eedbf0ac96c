//! Foreign text made safe for a terminal.
//!
//! Paths, notes and messages come from the workspace, a policy or an engine.
//! A control character in them could move the cursor or forge a line of ours;
//! a bidirectional or invisible one could make one path look like another.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with every control, bidirectional and invisible character written
/// as `\u{..}` (or `\n`, `\t`, `\r`), so that it stays on one line and looks
/// like what it is.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if !text.chars().any(hides) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if hides(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// [`shown`] for a text that may be megabytes long: no more than its beginning.
pub(crate) fn brief(text: &str) -> String {
    const MOST: usize = 400;
    if text.len() <= MOST {
        return shown(text).into_owned();
    }
    let end = (0..=MOST).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    format!("{}...", shown(&text[..end]))
}

/// [`shown`] for a path: bytes that are not UTF-8 become U+FFFD.
pub(crate) fn shown_path(path: &std::path::Path) -> String {
    shown(&path.to_string_lossy()).into_owned()
}

/// Whether a character acts on the terminal or cannot be seen there.
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::{brief, shown};

    #[test]
    fn plain_text_of_any_script_stays_as_it_is() {
        for text in ["", ".venv", "a b,c:d='\"\\", "プロジェクト", "naïve", "e\u{301}"] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn what_moves_the_cursor_or_hides_is_spelled_out() {
        let cases = [
            ("a\nhint: run me", "a\\nhint: run me"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("x\u{202e}cod.exe", "x\\u{202e}cod.exe"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
            ("\u{feff}bom\ttab\rcr\u{7f}", "\\u{feff}bom\\ttab\\rcr\\u{7f}"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
        ];
        for (text, wanted) in cases {
            assert_eq!(shown(text), wanted);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(brief("\u{1b}"), "\\u{1b}");
        assert_eq!(brief(&"é".repeat(200)), "é".repeat(200));
        assert_eq!(brief(&format!("a{}", "é".repeat(1 << 20))), format!("a{}...", "é".repeat(199)));
    }
}
