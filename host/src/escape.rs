//! Escaping of untrusted text for a terminal.
//!
//! Paths, notes and messages come from the workspace, a policy or an engine. A control character
//! in them could move the cursor or forge a line of paude's; a bidirectional or invisible one
//! could make one path look like another.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with every control, bidirectional and invisible character escaped as `\u{..}` (or
/// `\n`, `\t`, `\r`), so that it stays on one line and is displayed as it is stored. Backslashes
/// are not escaped: the result is for display only.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if !text.chars().any(needs_escape) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            c if needs_escape(c) => {
                let _ = write!(escaped, "\\u{{{:x}}}", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

/// [`shown`] for a text that may be megabytes long: at most its first 200 characters, then `...`.
pub(crate) fn brief(text: &str) -> String {
    const MAX_CHARS: usize = 200;
    match text.char_indices().nth(MAX_CHARS) {
        None => shown(text).into_owned(),
        Some((end, _)) => format!("{}...", shown(&text[..end])),
    }
}

/// [`shown`] for a path: bytes that are not UTF-8 become U+FFFD.
pub(crate) fn shown_path(path: &std::path::Path) -> String {
    shown(&path.to_string_lossy()).into_owned()
}

/// Whether a character controls the terminal or is invisible there.
fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            // Private use: a font may have any symbol there, or none.
            | '\u{e000}'..='\u{f8ff}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}' | '\u{13430}'..='\u{1343f}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::{brief, shown};

    #[test]
    fn plain_text_of_any_script_is_unchanged() {
        for text in ["", ".venv", "a b,c:d='\"\\", "プロジェクト", "naïve", "e\u{301}"] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn control_and_invisible_characters_are_escaped() {
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
    fn each_range_of_invisible_characters_is_escaped_as_a_whole() {
        let ranges = [
            (0x600, 0x605),
            (0x200b, 0x200f),
            (0x2800, 0x2800),
            (0xe000, 0xf8ff),
            (0x110bd, 0x110bd),
            (0x13430, 0x1343f),
            (0x1d173, 0x1d17a),
            (0xe0000, 0xe0fff),
        ];
        for (first, last) in ranges {
            for code in first..=last {
                let c = char::from_u32(code).unwrap();
                assert_eq!(shown(&c.to_string()), format!("\\u{{{code:x}}}"));
            }
            for code in [first - 1, last + 1] {
                let neighbour = char::from_u32(code).map(String::from).unwrap_or_default();
                assert_eq!(shown(&neighbour), neighbour, "{code:x}");
            }
        }
    }

    #[test]
    fn a_long_text_is_truncated_between_characters() {
        assert_eq!(brief("\u{1b}"), "\\u{1b}");
        assert_eq!(brief(&"é".repeat(200)), "é".repeat(200));
        assert_eq!(brief(&"\u{1f40d}".repeat(200)), "\u{1f40d}".repeat(200));
        assert_eq!(brief(&format!("a{}", "é".repeat(1 << 20))), format!("a{}...", "é".repeat(199)));
    }
}
