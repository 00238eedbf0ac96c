//! What `pyvenv.cfg` tells, and what it may not say.

use crate::properties::pyvenv;
use crate::pyvenv::parse;
use proptest::collection::vec;
use proptest::prelude::*;

/// Version and home, as one line.
fn read(bytes: impl AsRef<[u8]>) -> String {
    let read = parse(bytes.as_ref());
    let or_none = |value: Option<String>| value.unwrap_or("none".into());
    format!("{} {}", or_none(read.python), or_none(read.home))
}

#[test]
fn each_tool_is_understood() {
    let venv = "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.2\n\
                executable = /usr/bin/python3.11\ncommand = /usr/bin/python3 -m venv /p/.venv\n";
    let virtualenv = "home = /opt/py/bin\nimplementation = CPython\n\
                      version_info = 3.11.7.final.0\nvirtualenv = 20.25.0\n";
    let uv = "home = /home/a/.local/share/uv/python/cpython-3.12/bin\nimplementation = CPython\n\
              uv = 0.5.1\nversion_info = 3.12.7\ninclude-system-site-packages = false\n";
    assert_eq!(read(venv), "3.11.2 /usr/bin");
    assert_eq!(read(virtualenv), "3.11.7 /opt/py/bin");
    assert_eq!(read(uv), "3.12.7 /home/a/.local/share/uv/python/cpython-3.12/bin");
}

#[test]
fn versions_are_shortened_to_the_release() {
    for (written, read_as) in [
        ("3.11.7.final.0", "3.11.7"),
        ("3.13.0rc1", "3.13.0"),
        ("3.13.0a2.1", "3.13.0"),
        ("3.12", "3.12"),
        ("3.14+", "3.14"),
        ("3.14t", "3.14"),
        ("3.11.x", "3.11"),
        ("3", "none"),
        ("3.", "none"),
        (".11", "none"),
        ("three.eleven", "none"),
        ("3x.11.2", "none"),
        ("3.1x.2", "none"),
        ("-3.11", "none"),
        ("12345.1", "none"),
        ("", "none"),
        ("3.11\u{7}.2", "none"),
    ] {
        let expected = format!("{read_as} none");
        assert_eq!(read(format!("version = {written}")), expected, "{written:?}");
    }
}

#[test]
fn the_form_is_forgiven() {
    for text in [
        "HOME=/b\nVersion=3.9.1",
        "home = /b\r\nversion = 3.9.1\r\n",
        "\u{feff}home = /b\nversion = 3.9.1",
        "  home\t=  /b  \n\n# comment\nno equals sign\n=\n===\nversion = 3.9.1 ",
        "home = /a\nhome = /b\nversion = 3.8.0\nversion = 3.9.1",
        "version_info = 3.8.0.final.0\nversion = 3.9.1\nhome = /b",
    ] {
        assert_eq!(read(text), "3.9.1 /b", "{text:?}");
    }
    assert_eq!(read("home = /a=b"), "none /a=b");
    assert_eq!(read(b"home = /b\nprompt = \xff\xfe\nversion = 3.9.1"), "3.9.1 /b");
    assert_eq!(read(""), "none none");
}

#[test]
fn a_value_that_cannot_be_meant_is_dropped() {
    for home in ["", "\x1b[2J/b", "/a\0b", "/a\tb", &"/a".repeat(3000)] {
        assert_eq!(read(format!("home = {home}\nversion = 3.9.1")), "3.9.1 none", "{home:?}");
    }
    assert_eq!(read(b"home = /caf\xe9/bin"), "none none", "another path than the one meant");
    assert_eq!(read(vec![b'='; 65536]), "none none");
    assert_eq!(read(vec![b'x'; 65536]), "none none");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..200)) {
        pyvenv(&bytes);
    }

    #[test]
    fn any_lines_are_survived(lines in vec(("(?i)home|version(_info)?|\\PC{0,4}", " {0,2}=[ \t\u{feff}]{0,2}", ".{0,12}|[0-9.]{0,9}[a-z+]?"), 0..6)) {
        let lines: Vec<_> = lines.into_iter().map(|(key, is, value)| key + &is + &value).collect();
        pyvenv(lines.join("\n").as_bytes());
    }
}

/// A file of `tests/fuzz/cases/pyvenv/` is an input that once broke the target.
#[test]
fn what_fuzzing_found_stays_fixed() {
    let cases = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/cases/pyvenv");
    for file in cases.read_dir().into_iter().flatten() {
        pyvenv(&std::fs::read(file.unwrap().path()).unwrap());
    }
}
