//! A writer of YAML that every parser reads in the same way.
//!
//! Texts are double-quoted, so that none of them is taken for a number, a boolean or syntax. A
//! long printable one that ends with a newline is a literal block, for people to read.

use std::fmt::Write as _;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Null,
    Flag(bool),
    Number(u64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// The key of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A word of the format, written as it is.
    Word(&'static str),
    /// Any other text, quoted.
    Quoted(String),
}

impl From<&'static str> for Key {
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self::Quoted(text)
    }
}

impl From<bool> for Node {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<u64> for Node {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<Node>> for Node {
    fn from(items: Vec<Node>) -> Self {
        Self::List(items)
    }
}

/// A map with these entries, in this order.
pub(super) fn map<K: Into<Key>, const N: usize>(entries: [(K, Node); N]) -> Node {
    Node::Map(entries.into_iter().map(|(key, node)| (key.into(), node)).collect())
}

/// A list of texts.
pub(super) fn texts<T: Into<String>>(items: impl IntoIterator<Item = T>) -> Node {
    Node::List(items.into_iter().map(|item| Node::Text(item.into())).collect())
}

/// The document of a map; it ends with a newline.
pub(super) fn document(entries: &[(Key, Node)]) -> String {
    let mut text = String::new();
    write_entries(&mut text, entries, 0, true);
    text
}

/// Writes a map's entries; the first one without its indentation unless `indent_first`.
fn write_entries(text: &mut String, entries: &[(Key, Node)], indent: usize, indent_first: bool) {
    for (index, (key, node)) in entries.iter().enumerate() {
        if index > 0 || indent_first {
            text.push_str(&" ".repeat(indent));
        }
        match key {
            Key::Word(word) => text.push_str(word),
            Key::Quoted(key) => write_quoted(text, key),
        }
        text.push(':');
        match node {
            Node::Map(entries) if !entries.is_empty() => {
                text.push('\n');
                write_entries(text, entries, indent + 2, true);
            }
            node => write_value(text, node, indent),
        }
    }
}

/// Writes what follows a `:` or `-` at this indentation, and the end of the line.
fn write_value(text: &mut String, node: &Node, indent: usize) {
    match node {
        Node::Null => text.push_str(" null\n"),
        Node::Flag(flag) => {
            let _ = writeln!(text, " {flag}");
        }
        Node::Number(number) => {
            let _ = writeln!(text, " {number}");
        }
        Node::Text(value) if is_block(value) => {
            text.push_str(" |\n");
            for line in value.lines() {
                if !line.is_empty() {
                    text.push_str(&" ".repeat(indent + 2));
                    text.push_str(line);
                }
                text.push('\n');
            }
        }
        Node::Text(value) => {
            text.push(' ');
            write_quoted(text, value);
            text.push('\n');
        }
        Node::List(items) if items.is_empty() => text.push_str(" []\n"),
        Node::Map(entries) if entries.is_empty() => text.push_str(" {}\n"),
        Node::List(items) => {
            text.push('\n');
            for item in items {
                text.push_str(&" ".repeat(indent + 2));
                text.push('-');
                write_value(text, item, indent + 2);
            }
        }
        Node::Map(entries) => {
            text.push(' ');
            write_entries(text, entries, indent + 2, false);
        }
    }
}

/// Whether a text is written as a literal block: several lines of characters that YAML allows
/// there, the last of them ended.
fn is_block(text: &str) -> bool {
    let is_printable = |c: char| c == '\n' || !must_escape(c);
    text.lines().count() > 1
        && text.ends_with('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n'])
        && text.chars().all(is_printable)
}

fn write_quoted(text: &mut String, value: &str) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            c if must_escape(c) => {
                let _ = match u32::from(c) {
                    code @ ..0x1_0000 => write!(text, "\\u{code:04x}"),
                    code => write!(text, "\\U{code:08x}"),
                };
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

/// Whether a character is not printable in YAML 1.2, breaks a line in YAML 1.1, or is invisible.
fn must_escape(c: char) -> bool {
    let mut buffer = [0; 4];
    let text: &str = c.encode_utf8(&mut buffer);
    matches!(c, '\u{fffe}'..='\u{ffff}') || crate::escape::shown(text) != text
}
