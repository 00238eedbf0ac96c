//! A reader of units, by systemd.syntax(7) and systemd.unit(5).

/// Each `Key=` of a unit with its section, and the text behind the `=`.
pub(crate) fn entries(unit: &str) -> Vec<(String, String, String)> {
    let (mut section, mut found) = (String::new(), Vec::new());
    for line in unit.lines() {
        let is_comment = line.starts_with('#') || line.starts_with(';');
        if is_comment || line.trim().is_empty() {
            continue;
        }
        assert!(!line.ends_with('\\'), "`{line}` continues on the next");
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("`{line}` has no value"));
        found.push((section.clone(), key.to_owned(), value.to_owned()));
    }
    found
}

/// The words of a value: unquoted, unescaped, with `%%` and `$$` expanded. Panics if a specifier
/// or a variable is expanded.
pub(crate) fn words(value: &str) -> Vec<String> {
    let (mut words, mut chars) = (Vec::new(), value.chars().peekable());
    loop {
        while chars.next_if_eq(&' ').is_some() {}
        if chars.peek().is_none() {
            return words;
        }
        let is_quoted = chars.next_if_eq(&'"').is_some();
        let mut word = String::new();
        loop {
            match chars.next() {
                Some('"') if is_quoted => break,
                None | Some(' ') if !is_quoted => break,
                None => panic!("`{value}` has no closing quote"),
                Some('"' | '\'') if !is_quoted => panic!("`{value}` has a quote in a word"),
                Some('\\') => word.push(match chars.next().expect("an escaped character") {
                    'x' => byte(chars.next(), chars.next()),
                    'n' => '\n',
                    't' => '\t',
                    plain @ ('"' | '\'' | '\\') => plain,
                    other => panic!("`\\{other}` has a meaning of its own"),
                }),
                Some(sign @ ('%' | '$')) => {
                    assert_eq!(chars.next(), Some(sign), "`{sign}` is expanded");
                    word.push(sign);
                }
                Some(c) => word.push(c),
            }
        }
        let ends = matches!(chars.peek(), None | Some(' ')) || !is_quoted;
        assert!(ends, "a word goes on behind its quote");
        words.push(word);
    }
}

/// The character of two hexadecimal digits.
fn byte(high: Option<char>, low: Option<char>) -> char {
    let digits: String = [high, low].into_iter().flatten().collect();
    let byte = u8::from_str_radix(&digits, 16).unwrap_or_else(|_| panic!("`\\x{digits}`"));
    assert!(byte.is_ascii(), "`\\x{digits}` is a part of a character");
    char::from(byte)
}
