//! Parsers of the renderers' output, each by the rules of the program that reads it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

/// Parses the fields of a `--mount` value as Go's `encoding/csv` does; panics if Go refuses it.
pub(crate) fn parse_mount(value: &str) -> Vec<(String, Option<String>)> {
    // Go replaces CR LF by LF before it parses quotes, and drops a CR at the end.
    let folded = value.replace("\r\n", "\n");
    let folded = folded.strip_suffix('\r').unwrap_or(&folded);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(folded.as_bytes());
    let records: Vec<_> = reader.records().map(|record| record.expect("UTF-8")).collect();
    assert_eq!(records.len(), 1, "{value:?} is not one record");
    // Go refuses a bare quote, which this crate accepts, so each field's quoting is checked.
    let mut rest = folded;
    for (n, field) in records[0].iter().enumerate() {
        let quoted = format!("\"{}\"", field.replace('"', "\"\""));
        let bare = !field.contains(['"', ',', '\n', '\r']);
        let after =
            rest.strip_prefix(&quoted).or_else(|| rest.strip_prefix(field).filter(|_| bare));
        rest = after.unwrap_or_else(|| panic!("field {n} of {value:?} is not strict CSV"));
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    assert_eq!(rest, "", "the end of {value:?} is not parsed");
    let pair = |field: &str| match field.split_once('=') {
        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
        None => (field.to_owned(), None),
    };
    records[0].iter().map(pair).collect()
}

/// Options in their order, each with its values.
pub(crate) type Options = Vec<(String, Vec<OsString>)>;

/// Parses leading options; returns them and the remaining arguments. `value_count` is the number
/// of values that follow an option. `--name=value` has none, and `--` ends the options.
pub(crate) fn parse_options(
    args: &[OsString],
    value_count: impl Fn(&str) -> Option<usize>,
) -> (Options, &[OsString]) {
    let (mut options, mut rest) = (Options::new(), args);
    while let Some((first, after)) = rest.split_first() {
        let Some(name) = first.to_str().filter(|name| name.starts_with('-')) else { break };
        if name == "--" {
            return (options, after);
        }
        let count = match name.contains('=') {
            true => 0,
            false => value_count(name).unwrap_or_else(|| panic!("unknown option {name:?}")),
        };
        options.push((name.to_owned(), after[..count].to_vec()));
        rest = &after[count..];
    }
    (options, rest)
}

/// Panics unless a shell parses these words from the line, and a terminal acts on none of it.
pub(crate) fn assert_shell_parses<'w>(line: &str, words: impl Iterator<Item = &'w OsString>) {
    let expected: Vec<_> = words.map(|word| word.as_bytes().to_vec()).collect();
    assert_eq!(parse_words(line.as_bytes()), expected, "{line}");
    if !line.contains("$'") {
        let words: Vec<_> = shlex::bytes::Shlex::new(line.as_bytes()).collect();
        assert_eq!(words, expected, "{line}");
    }
    assert!(!line.chars().any(|c| c.is_control() && c != '\n'), "{line:?}");
}

/// Parses words with `'...'`, `\x` and, beyond POSIX, `$'...'`; panics at any other byte that has
/// a meaning in shells.
fn parse_words(line: &[u8]) -> Vec<Vec<u8>> {
    let mut words = vec![Vec::new()];
    let mut rest = line.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        let word = words.last_mut().expect("it starts with one word");
        match byte {
            b' ' => words.push(Vec::new()),
            b'\\' => word.extend(rest.next()),
            b'\'' => word.extend(rest.by_ref().take_while(|&byte| byte != b'\'')),
            b'$' => {
                assert_eq!(rest.next(), Some(b'\''), "a bare dollar sign");
                parse_ansi_c(&mut rest, word);
            }
            _ => {
                assert!(
                    byte.is_ascii_alphanumeric() || b"%+,-./:=@_".contains(&byte),
                    "bare byte {byte:#x}"
                );
                word.push(byte);
            }
        }
    }
    words
}

/// Parses the rest of `$'...'` after its opening quote.
fn parse_ansi_c(rest: &mut std::iter::Peekable<impl Iterator<Item = u8>>, word: &mut Vec<u8>) {
    loop {
        match rest.next().expect("a closing quote") {
            b'\'' => return,
            b'\\' => match rest.next().expect("an escaped byte") {
                digit @ b'0'..=b'7' => {
                    let mut code = u32::from(digit - b'0');
                    for _ in 0..2 {
                        let Some(digit) = rest.next_if(|byte| matches!(byte, b'0'..=b'7')) else {
                            break;
                        };
                        code = code * 8 + u32::from(digit - b'0');
                    }
                    word.push(u8::try_from(code).expect("one byte"));
                }
                same @ (b'\'' | b'\\') => word.push(same),
                other => panic!("unknown escape \\{}", char::from(other)),
            },
            byte => word.push(byte),
        }
    }
}

/// The value of an option that has exactly one.
pub(crate) fn only_value(values: &[OsString]) -> &str {
    assert_eq!(values.len(), 1);
    values[0].to_str().expect("UTF-8")
}
