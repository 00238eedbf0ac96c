//! JSON with comments and trailing commas, as dev containers have it.

use std::collections::BTreeSet;

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{ParseOptions, parse_to_ast, parse_to_serde_value};

use super::document::DevcontainerFile;
use crate::error::{Error, Result};
use crate::escape::brief;

/// What the reference implementation accepts.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Parses the content of a file; `name` is its escaped name in messages, which have the form
/// `NAME:LINE:COLUMN: MESSAGE`.
pub(super) fn parse(name: &str, bytes: &[u8]) -> Result<DevcontainerFile> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.split(|byte| *byte == b'\n').count();
        Error::usage(format!("{name}:{line}: a byte is not UTF-8"))
    })?;
    // Some editors write a byte order mark, which JSON does not allow.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let fault = |error: jsonc_parser::errors::ParseError| {
        let (line, column) = (error.line_display(), error.column_display());
        let message = error.kind().to_string();
        let message = match message.strip_prefix("Maximum nesting depth") {
            Some(_) => "more than 512 levels of arrays and objects".to_owned(),
            None => lowercase_first(&message),
        };
        Error::usage(format!("{name}:{line}:{column}: {}", brief(&message)))
    };
    // This parser limits the depth, and the one for serde does not.
    let ast = parse_to_ast(text, &Default::default(), &OPTIONS).map_err(fault)?;
    check_keys(ast.value.as_ref()).map_err(|(start, message)| {
        let (line, column) = position(text, start);
        Error::usage(format!("{name}:{line}:{column}: {}", brief(&message)))
    })?;
    parse_to_serde_value(text, &OPTIONS).map_err(fault)
}

/// Finds what serde reports without its place, or reads from an array, whose values have no keys.
/// Returns the number of bytes before the fault.
fn check_keys(file: Option<&Value<'_>>) -> Result<(), (usize, String)> {
    let Some(Value::Object(file)) = file else {
        let start = file.map_or(0, |value| value.range().start);
        return Err((start, "expected an object".to_owned()));
    };
    let mut names = BTreeSet::new();
    for property in &file.properties {
        let name = property.name.as_str();
        if !names.insert(name) {
            return Err((property.range.start, format!("duplicate key `{name}`")));
        }
        if let ("build", Value::Array(array)) = (name, &property.value) {
            return Err((array.range.start, "expected an object".to_owned()));
        }
    }
    Ok(())
}

/// The line and the column, both from 1, after so many bytes.
fn position(text: &str, start: usize) -> (usize, usize) {
    let before = &text[..start];
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

fn lowercase_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
