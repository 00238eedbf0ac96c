//! The tables and strings of a TOML document. toml_parser's lexer suffices for them: its parser,
//! or a deserializer, would make the policy several times as large.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use toml_parser::Source;
use toml_parser::lexer::{Token, TokenKind};

/// Calls `each` for every table with its path, and for every string with the path of its key and
/// its value; a string in an array has the path of the array.
pub(crate) fn read(document: &str, each: &mut dyn FnMut(&[String], Option<&str>)) {
    let source = Source::new(document);
    let (path, open) = (Vec::new(), Vec::new());
    let mut reader = Reader { source, path, table: 0, open, expected: Expected::Key, each };
    source.lex().for_each(|token| reader.take(&token));
}

/// What an atom or a string is.
#[derive(PartialEq)]
enum Expected {
    /// The first part of a key.
    Key,
    /// A further part of a key.
    KeyPart,
    /// A part of the name of a table.
    TableName,
    Value,
    /// Nothing before the end of the line.
    End,
}

/// What a value is in.
enum Open {
    Array,
    /// An inline table; how much of the path is its own.
    Table(usize),
}

struct Reader<'s, 'e> {
    source: Source<'s>,
    /// The path of the last key.
    path: Vec<String>,
    /// How much of the path is of the current table.
    table: usize,
    /// The arrays and inline tables around the current token.
    open: Vec<Open>,
    expected: Expected,
    each: &'e mut dyn FnMut(&[String], Option<&str>),
}

impl Reader<'_, '_> {
    fn take(&mut self, token: &Token) {
        match (token.kind(), &self.expected) {
            (TokenKind::Newline, _) if self.open.is_empty() => self.expected = Expected::Key,
            (TokenKind::LeftSquareBracket, Expected::Key) if self.open.is_empty() => {
                self.path.clear();
                self.expected = Expected::TableName;
            }
            (TokenKind::RightSquareBracket, Expected::TableName) => {
                (self.table, self.expected) = (self.path.len(), Expected::End);
                (self.each)(&self.path, None);
            }
            (TokenKind::LeftSquareBracket, Expected::Value) => self.open.push(Open::Array),
            (TokenKind::LeftCurlyBracket, Expected::Value) => {
                (self.each)(&self.path, None);
                self.open.push(Open::Table(self.path.len()));
                self.expected = Expected::Key;
            }
            (TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket, _) => {
                self.open.pop();
                self.expected = Expected::End;
            }
            (TokenKind::Comma, _) => {
                self.expected = match self.open.last() {
                    Some(Open::Table(_)) => Expected::Key,
                    _ => Expected::Value,
                };
            }
            (TokenKind::Equals, _) => self.expected = Expected::Value,
            (kind, _) => self.take_atom(kind, token),
        }
    }

    /// Takes a part of a key, or a value.
    fn take_atom(&mut self, kind: TokenKind, token: &Token) {
        let is_string = matches!(
            kind,
            TokenKind::LiteralString
                | TokenKind::BasicString
                | TokenKind::MlLiteralString
                | TokenKind::MlBasicString
        );
        let Some(raw) = self.source.get(token).filter(|_| is_string || kind == TokenKind::Atom)
        else {
            return;
        };
        let mut text = Cow::Borrowed("");
        match self.expected {
            Expected::Key | Expected::KeyPart | Expected::TableName => {
                if self.expected == Expected::Key {
                    let own = match self.open.last() {
                        Some(Open::Table(own)) => *own,
                        _ => self.table,
                    };
                    self.path.truncate(own);
                    self.expected = Expected::KeyPart;
                }
                raw.decode_key(&mut text, &mut ());
                self.path.push(text.to_string());
            }
            Expected::Value if is_string => {
                raw.decode_key(&mut text, &mut ());
                (self.each)(&self.path, Some(&text));
            }
            Expected::Value | Expected::End => {}
        }
    }
}
