//! Readers of what the renderers write, each by the rules of who reads it for real.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use crate::render::Argv;

/// The fields of a `--mount` value, as the `encoding/csv` of Go reads it.
pub(crate) fn mount(value: &str) -> Vec<(String, Option<String>)> {
    // Go takes CR LF for LF before it looks at quotes, and drops a CR at the end.
    let folded = value.replace("\r\n", "\n");
    let folded = folded.strip_suffix('\r').unwrap_or(&folded);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(folded.as_bytes());
    let records: Vec<_> = reader.records().map(|record| record.expect("UTF-8")).collect();
    assert_eq!(records.len(), 1, "{value:?} is not one record");
    // Go refuses a bare quote, which the crate forgives: each field must be spelled by the book.
    let mut rest = folded;
    for (n, field) in records[0].iter().enumerate() {
        let quoted = format!("\"{}\"", field.replace('"', "\"\""));
        let bare = !field.contains(['"', ',', '\n', '\r']);
        let after =
            rest.strip_prefix(&quoted).or_else(|| rest.strip_prefix(field).filter(|_| bare));
        rest = after.unwrap_or_else(|| panic!("field {n} of {value:?} is not strict CSV"));
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    assert_eq!(rest, "", "{value:?} has something left over");
    let pair = |field: &str| match field.split_once('=') {
        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
        None => (field.to_owned(), None),
    };
    records[0].iter().map(pair).collect()
}

/// What stands before the program in an option list: each option with its values.
pub(crate) type Options = Vec<(String, Vec<OsString>)>;

/// Takes the options off the front, given how many values follow each. `--name=value`
/// counts as an option without any, and `--` ends the list.
pub(crate) fn options(
    args: &[OsString],
    values: impl Fn(&str) -> Option<usize>,
) -> (Options, &[OsString]) {
    let (mut options, mut rest) = (Options::new(), args);
    while let Some((first, after)) = rest.split_first() {
        let Some(name) = first.to_str().filter(|name| name.starts_with('-')) else { break };
        if name == "--" {
            return (options, after);
        }
        let count = match name.contains('=') {
            true => 0,
            false => values(name).unwrap_or_else(|| panic!("unknown option {name:?}")),
        };
        options.push((name.to_owned(), after[..count].to_vec()));
        rest = &after[count..];
    }
    (options, rest)
}

/// Fails unless a shell would read back these arguments, and a terminal is left alone.
pub(crate) fn assert_shell_reads_back(argv: &Argv) {
    let line = argv.to_string();
    let mut wanted = vec![argv.program.as_bytes().to_vec()];
    wanted.extend(argv.args.iter().map(|arg| arg.as_bytes().to_vec()));
    assert_eq!(shell_words(line.as_bytes()), wanted, "{line}");
    if !line.contains("$'") {
        let words: Vec<_> = shlex::bytes::Shlex::new(line.as_bytes()).collect();
        assert_eq!(words, wanted, "{line}");
    }
    assert!(!line.chars().any(|c| c.is_control() && c != '\n'), "{line:?}");
}

/// Words of `'...'`, `\x` and, beyond POSIX, `$'...'`; all else must need no quotes.
fn shell_words(line: &[u8]) -> Vec<Vec<u8>> {
    let mut words = vec![Vec::new()];
    let mut rest = line.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        let word = words.last_mut().expect("begun with one");
        match byte {
            b' ' => words.push(Vec::new()),
            b'\\' => word.extend(rest.next()),
            b'\'' => word.extend(rest.by_ref().take_while(|&byte| byte != b'\'')),
            b'$' => {
                assert_eq!(rest.next(), Some(b'\''), "a bare dollar sign");
                ansi_c(&mut rest, word);
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

/// The inside of `$'...'`.
fn ansi_c(rest: &mut std::iter::Peekable<impl Iterator<Item = u8>>, word: &mut Vec<u8>) {
    loop {
        match rest.next().expect("a closing quote") {
            b'\'' => return,
            b'\\' => match rest.next().expect("something escaped") {
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
                other => panic!("what is \\{}?", char::from(other)),
            },
            byte => word.push(byte),
        }
    }
}

/// One value of an option, as text.
pub(crate) fn only(values: &[OsString]) -> &str {
    assert_eq!(values.len(), 1);
    values[0].to_str().expect("UTF-8")
}
