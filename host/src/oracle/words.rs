//! Names that something on the way to a mount might take for syntax.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use arbitrary::{Result, Unstructured};

/// What shells, CSV, mount options, terminals and encodings give a meaning.
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

/// Text of such pieces and of any bytes but NUL.
pub(crate) fn text(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    for _ in 0..u.int_in_range(0..=6)? {
        match u.int_in_range(0..=PIECES.len())? {
            any if any == PIECES.len() => text.push(u.int_in_range(1..=255)?),
            piece => text.extend(PIECES[piece]),
        }
    }
    Ok(text)
}

/// The same as UTF-8.
pub(crate) fn string(u: &mut Unstructured<'_>) -> Result<String> {
    text(u).map(|text| String::from_utf8_lossy(&text).into_owned())
}

/// The same as an argument.
pub(crate) fn argument(u: &mut Unstructured<'_>) -> Result<OsString> {
    text(u).map(OsString::from_vec)
}

/// A normal path of one to four components, relative.
pub(crate) fn path(u: &mut Unstructured<'_>) -> Result<PathBuf> {
    let mut path = PathBuf::new();
    for _ in 0..u.int_in_range(1..=4)? {
        let mut name = text(u)?;
        name.retain(|&byte| byte != b'/');
        if matches!(name.as_slice(), b"" | b"." | b"..") {
            name.push(b'x');
        }
        path.push(OsString::from_vec(name));
    }
    Ok(path)
}
