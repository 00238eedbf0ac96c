//! What distinguishes the project directory from another one at the same path.

use std::ffi::OsString;

use super::Workspace;

/// The facts that the guard compares inside the container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The inode number inside the kernel, from which `stat` may differ on an overlay.
    pub(crate) inode: Option<u64>,
    /// The name of an entry of the directory that the container sees, if there is one.
    pub(crate) witness: Option<OsString>,
}

impl Workspace {
    /// Reads the identity. An entry for which `is_hidden` holds cannot be the witness.
    pub(crate) fn read_identity(&self, is_hidden: impl Fn(&str) -> bool) -> Identity {
        let is_shared = |name: &OsString| name.to_str().is_some_and(|name| !is_hidden(name));
        let mut names = self.list_names(std::path::Path::new(""));
        names.retain(is_shared);
        // Hidden and backup files come and go; what has another name is more likely to stay.
        let lasts = |name: &&OsString| {
            name.to_str().is_some_and(|name| !name.starts_with(['.', '#']) && !name.ends_with('~'))
        };
        let witness = names.iter().find(lasts).or(names.first()).cloned();
        Identity { inode: self.kernel_inode(), witness }
    }

    /// Reads `ino` from `/proc/self/fdinfo` (proc(5)); `None` before Linux 5.14 and on other
    /// systems.
    fn kernel_inode(&self) -> Option<u64> {
        use std::os::fd::AsRawFd as _;
        let path = format!("/proc/self/fdinfo/{}", self.dir().as_raw_fd());
        #[expect(clippy::disallowed_methods, reason = "a file of the kernel, not of the project")]
        let text = std::fs::read_to_string(path).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("ino:"))?;
        line.trim().parse().ok()
    }
}
