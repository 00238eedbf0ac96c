//! WAVE, the text form of component values that the `wasmtime` command line uses, as far as the
//! interface needs it.

use serde_json::{Map, Value};

/// A value as WAVE. Null is omitted from a record; a string at `selection` or `backing` is the
/// name of a case.
pub fn write(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(write).collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) => {
            let fields =
                fields.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| {
                    match (name.as_str(), value) {
                        ("backing" | "selection", Value::String(case)) => format!("{name}: {case}"),
                        ("selection", Value::Object(case)) => {
                            let (case, payload) = case.iter().next().expect("a case");
                            format!("{name}: {case}({})", write(payload))
                        }
                        _ => format!("{name}: {}", write(value)),
                    }
                });
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn quote(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out + "\""
}

/// A value from WAVE: a case is its name, or an object with its name and its payload; `some(x)`
/// is `x`, and `none` is null.
pub fn read(text: &str) -> Value {
    let mut rest = Reader(text);
    let value = rest.value();
    assert_eq!(rest.peek(), None, "what is after the value? {:?}", rest.0);
    value
}

struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn peek(&mut self) -> Option<char> {
        self.0 = self.0.trim_start();
        self.0.chars().next()
    }

    fn take(&mut self, c: char) -> bool {
        let there = self.peek() == Some(c);
        if there {
            self.0 = &self.0[c.len_utf8()..];
        }
        there
    }

    fn need(&mut self, c: char) {
        assert!(self.take(c), "no {c:?} at {:?}", self.0);
    }

    fn word(&mut self, part: impl Fn(char) -> bool) -> String {
        self.peek();
        let end = self.0.find(|c| !part(c)).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        assert!(!word.is_empty(), "no value at {rest:?}");
        word.to_owned()
    }

    fn value(&mut self) -> Value {
        match self.peek() {
            Some('{') => self.record(),
            Some('[') => self.list(),
            Some('"') => Value::String(self.string()),
            Some('-' | '0'..='9') => {
                let number = self.word(|c| c == '-' || c.is_ascii_digit());
                serde_json::from_str(&number).expect("a whole number")
            }
            _ => self.case(),
        }
    }

    fn record(&mut self) -> Value {
        let mut fields = Map::new();
        self.need('{');
        // The empty record is `{:}`.
        self.take(':');
        while !self.take('}') {
            let name = self.label();
            self.need(':');
            fields.insert(name, self.value());
            self.take(',');
        }
        Value::Object(fields)
    }

    fn list(&mut self) -> Value {
        let mut items = Vec::new();
        self.need('[');
        while !self.take(']') {
            items.push(self.value());
            self.take(',');
        }
        Value::Array(items)
    }

    fn case(&mut self) -> Value {
        // A case whose name is a keyword is written `%none`.
        let keyword = !self.take('%');
        let name = self.label();
        let payload = self.take('(').then(|| {
            let payload = self.value();
            self.need(')');
            payload
        });
        match (name.as_str(), payload) {
            ("none", None) if keyword => Value::Null,
            ("some", Some(payload)) if keyword => payload,
            (_, None) => Value::String(name),
            (_, Some(payload)) => Value::Object(Map::from_iter([(name, payload)])),
        }
    }

    fn label(&mut self) -> String {
        self.word(|c| c == '-' || c.is_ascii_alphanumeric())
    }

    fn string(&mut self) -> String {
        self.need('"');
        let mut out = String::new();
        let mut chars = self.0.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.0 = &self.0[at + 1..];
                    return out;
                }
                '\\' => match chars.next().expect("an escaped character").1 {
                    'n' => out.push('\n'),
                    'r' => out.push('\r'),
                    't' => out.push('\t'),
                    'u' => {
                        let code: String = chars
                            .by_ref()
                            .map(|(_, c)| c)
                            .skip(1)
                            .take_while(|&c| c != '}')
                            .collect();
                        let code = u32::from_str_radix(&code, 16).expect("a code in hexadecimal");
                        out.push(char::from_u32(code).expect("a character"));
                    }
                    c => out.push(c),
                },
                c => out.push(c),
            }
        }
        panic!("a string without end: {:?}", self.0);
    }
}
