//! The JSON documents that paude prints, and the paths in them.

use std::path::Path;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::escape::shown_path;

/// The document as one line of JSON that ends in a newline.
///
/// U+007F to U+009F are escaped as `\u00xx`: JSON (RFC 8259) allows them in a string, but a
/// terminal takes them for control characters.
pub(crate) fn line(document: &impl Serialize) -> Result<String> {
    let json = serde_json::to_string(document)
        .map_err(|error| Error::failed(format!("cannot write JSON: {error}")).caused_by(error))?;
    Ok(escape_controls(&json) + "\n")
}

/// The same on several lines, for people.
pub(crate) fn pretty(document: &impl Serialize) -> Result<String> {
    let json = serde_json::to_string_pretty(document)
        .map_err(|error| Error::failed(format!("cannot write JSON: {error}")).caused_by(error))?;
    Ok(escape_controls(&json) + "\n")
}

fn escape_controls(json: &str) -> String {
    let mut line = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        match c {
            // Only a string can hold one, so the escape is valid JSON.
            '\u{7f}'..='\u{9f}' => line.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => line.push(c),
        }
    }
    line
}

/// The path as a string. Fails if it is not UTF-8, which JSON cannot represent.
pub(crate) fn path_str(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| {
        let path = shown_path(path);
        Error::failed(format!("`{path}` is not UTF-8 and cannot be represented in JSON"))
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    use super::*;

    #[test]
    fn terminal_control_characters_are_escaped_and_read_back() {
        let text = "a\u{1b}\u{7f}\u{9b}\u{a0}é\n";
        let line = line(&text).unwrap();
        assert_eq!(line, "\"a\\u001b\\u007f\\u009b\u{a0}é\\n\"\n");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }

    #[test]
    fn a_path_that_is_not_utf8_is_an_error() {
        let error = path_str(Path::new(OsStr::from_bytes(b"a\xff"))).unwrap_err();
        assert_eq!(error.message(), "`a\u{fffd}` is not UTF-8 and cannot be represented in JSON");
    }
}
