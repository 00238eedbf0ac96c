//! Finds programs in PATH.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

/// Whether a directory of PATH has the program.
pub(crate) fn installed(program: &str) -> bool {
    find(program).is_some()
}

/// The executable file of a program.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "programs are found by this variable")]
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|file| file.is_file() && access(file, Access::EXEC_OK).is_ok())
}

/// Whether a program's file is a link to one of this name, or a script whose first 4 KiB have it.
#[expect(clippy::disallowed_methods, reason = "a program, not a file of the project")]
pub(super) fn mentions(file: &Path, name: &str) -> bool {
    let real = std::fs::canonicalize(file).unwrap_or_default();
    if real.file_name().is_some_and(|real| real.to_string_lossy().contains(name)) {
        return true;
    }
    let mut start = Vec::new();
    let opened = std::fs::File::open(file);
    let _ = opened.and_then(|file| file.take(4096).read_to_end(&mut start));
    start.starts_with(b"#!") && String::from_utf8_lossy(&start).contains(name)
}
