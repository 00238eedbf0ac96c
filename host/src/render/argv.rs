//! A command line of an engine, never handed to a shell.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Write as _};

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argv {
    /// The program, looked up in PATH.
    pub program: OsString,
    /// Its arguments, without the program.
    pub args: Vec<OsString>,
}

impl Argv {
    /// The same without the words of our own script, for reading rather than running.
    pub fn brief(&self) -> String {
        let brief = |arg: &OsString| {
            if arg == super::entry::SCRIPT { "SCRIPT".into() } else { arg.clone() }
        };
        let args = self.args.iter().map(brief).collect();
        Self { program: self.program.clone(), args }.to_string()
    }
}

impl fmt::Display for Argv {
    /// Quoted so that a shell reads back exactly these arguments, and a terminal
    /// is not driven by them.
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
        // The script is ours and holds newlines; they stay readable.
        Some(text) if text == super::entry::SCRIPT || crate::escape::shown(text) == text => {
            write!(f, "'{}'", text.replace('\'', r"'\''"))
        }
        // What a terminal would act on, or what is not UTF-8, goes byte by byte.
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
    #[expect(clippy::disallowed_methods, reason = "asks a real shell")]
    fn a_shell_reads_back_exactly_what_was_quoted() {
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
        let wanted: Vec<u8> =
            args.into_iter().flat_map(|arg| [arg.into_vec(), vec![0]].concat()).collect();
        assert_eq!(output.stdout, wanted);
        assert!(!argv.to_string().contains('\u{1b}'));
    }
}
