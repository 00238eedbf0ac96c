//! A command line, which no shell ever parses.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Write as _};

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argv {
    /// The program, looked up in PATH.
    pub(crate) program: OsString,
    /// The arguments, without the program.
    pub(crate) args: Vec<OsString>,
}

impl Argv {
    /// The program and its arguments.
    #[cfg(any(test, fuzzing))]
    pub(super) fn iter(&self) -> impl Iterator<Item = &OsString> {
        std::iter::once(&self.program).chain(&self.args)
    }

    /// The quoted command line with `SCRIPT` in place of paude's script.
    pub(super) fn brief(&self) -> String {
        let brief = |arg: &OsString| {
            if arg == super::entry::SCRIPT { "SCRIPT".into() } else { arg.clone() }
        };
        let args = self.args.iter().map(brief).collect();
        Self { program: self.program.clone(), args }.to_string()
    }
}

impl fmt::Display for Argv {
    /// Quotes the arguments so that a shell parses exactly these, and a terminal acts on none
    /// of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        quote(f, &self.program)?;
        self.args.iter().try_for_each(|arg| {
            f.write_char(' ')?;
            quote(f, arg)
        })
    }
}

fn quote(f: &mut fmt::Formatter<'_>, arg: &OsStr) -> fmt::Result {
    let bytes = arg.as_encoded_bytes();
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"%+,-./:=@_".contains(b);
    if !bytes.is_empty() && bytes.iter().all(plain) {
        return f.write_str(&arg.to_string_lossy());
    }
    match arg.to_str() {
        // The script is not untrusted, and its newlines keep it readable.
        Some(text) if text == super::entry::SCRIPT || crate::escape::shown(text) == text => {
            write!(f, "'{}'", text.replace('\'', r"'\''"))
        }
        // Text that a terminal would act on, or that is not UTF-8, is quoted byte by byte.
        _ => {
            f.write_str("$'")?;
            for &byte in bytes {
                match byte {
                    b'\'' | b'\\' => write!(f, "\\{}", char::from(byte))?,
                    b' '..=b'~' => f.write_char(char::from(byte))?,
                    _ => write!(f, "\\{byte:03o}")?,
                }
            }
            f.write_char('\'')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt as _;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "runs a real shell")]
    fn a_shell_parses_exactly_the_quoted_arguments() {
        let args = [
            "",
            "a b",
            "it's",
            "$(x)`y`",
            "a\nb\tc\u{1b}[2J",
            "ünï",
            "\\",
            "-n",
            "*",
            "~",
            "{a,b}",
            "#",
        ];
        let mut args: Vec<OsString> = args.iter().map(OsString::from).collect();
        args.push(OsString::from_vec(b"\xff\xfe'\\".to_vec()));
        let argv =
            Argv { program: "printf".into(), args: [vec!["%s\\0".into()], args.clone()].concat() };
        let output =
            std::process::Command::new("bash").arg("-c").arg(argv.to_string()).output().unwrap();
        let expected: Vec<u8> =
            args.into_iter().flat_map(|arg| [arg.into_vec(), vec![0]].concat()).collect();
        assert_eq!(output.stdout, expected);
        assert!(!argv.to_string().contains('\u{1b}'));
    }
}
