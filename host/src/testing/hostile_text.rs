//! Generates text that a program on the way to a mount might parse as syntax.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use arbitrary::{Result, Unstructured};

/// Text with a meaning in shells, CSV, mount options, terminals and encodings.
const PIECES: [&[u8]; 48] = [
    b"a",
    b".venv",
    b"venv",
    b" ",
    b",",
    b":",
    b"=",
    b"\"",
    b"\"\"",
    b"'",
    b"\\",
    b"\\040",
    b"\n",
    b"\r",
    b"\r\n",
    b"\t",
    b"-",
    b"--",
    b"$(x)",
    b"${HOME}",
    b"`id`",
    b"*",
    b"?",
    b"~",
    b"#",
    b"%20",
    b"{x}",
    b"{a,b}",
    b";",
    b"|",
    b"&",
    b"<",
    b">",
    b"!",
    b"@",
    b"...",
    b",ro",
    b":ro",
    b",destination=",
    b",source=",
    b"volume-opt=o=",
    b"\x01",
    b"\x7f",
    b"\x1b[2J",
    b"\xff",
    b"e\xcc\x81",
    b"\xe2\x80\xae",
    b"\xe2\x80\x8b",
];

/// Bytes from such pieces and any single bytes but NUL.
fn bytes(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for _ in 0..u.int_in_range(0..=6)? {
        match u.int_in_range(0..=PIECES.len())? {
            any if any == PIECES.len() => bytes.push(u.int_in_range(1..=255)?),
            piece => bytes.extend(PIECES[piece]),
        }
    }
    Ok(bytes)
}

/// The same bytes as UTF-8, with replacement characters.
pub(crate) fn string(u: &mut Unstructured<'_>) -> Result<String> {
    bytes(u).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// The same bytes as an argument of a program.
pub(crate) fn argument(u: &mut Unstructured<'_>) -> Result<OsString> {
    bytes(u).map(OsString::from_vec)
}

/// A relative path of one to four normal components.
pub(crate) fn path(u: &mut Unstructured<'_>) -> Result<PathBuf> {
    let mut path = PathBuf::new();
    for _ in 0..u.int_in_range(1..=4)? {
        let mut name = bytes(u)?;
        name.retain(|&byte| byte != b'/');
        if matches!(name.as_slice(), b"" | b"." | b"..") {
            name.push(b'x');
        }
        path.push(OsString::from_vec(name));
    }
    Ok(path)
}
