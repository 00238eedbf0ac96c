//! Files in the user's own directories that appear as a whole or not at all.

use std::io::{self, Write as _};
use std::path::Path;

/// The extension of a file that is being written.
pub(crate) const UNFINISHED: &str = "part";

/// Writes a file that only the user can read, in place of the one that has its name. A killed paude
/// may leave one with a name of its own and the extension [`UNFINISHED`] beside it.
pub(crate) fn replace_file(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let suffix = format!(".{UNFINISHED}");
    let mut file = tempfile::Builder::new().suffix(&suffix).tempfile_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(dir.join(name))?;
    Ok(())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write to directories of their own")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let dir = tempfile::tempdir().unwrap();
        for text in ["first", "2"] {
            replace_file(dir.path(), "file", text.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(dir.path().join("file")).unwrap(), text);
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        let mode = std::fs::metadata(dir.path().join("file")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // What has this name is a directory.
        std::fs::create_dir(dir.path().join("dir")).unwrap();
        assert!(replace_file(dir.path(), "dir", b"").is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
