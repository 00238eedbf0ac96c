//! The git directory of a workspace whose `.git` is a file: a linked worktree or a submodule.
//!
//! A repository can bring any `.git` file, so what it names is shared only if it proves in turn
//! that it belongs to this workspace: git keeps in each of these directories where its working
//! tree is (gitrepository-layout(5), git-config(1)). All of it is read through the handles of
//! both directories.

mod config_file;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::escape::shown_path;
use crate::path::HostPath;
use crate::workspace::Workspace;

/// The most bytes of a file of git that holds a path.
const MAX_LINK: u64 = 8 << 10;

/// The most bytes of the configuration of a submodule.
const MAX_CONFIG: u64 = 1 << 20;

/// Where the git directory of a workspace is.
#[derive(Debug)]
pub(crate) enum GitDirectory {
    /// In the workspace, or there is none.
    Shared,
    /// Elsewhere, and it belongs to this workspace.
    Elsewhere(Workspace),
    /// Its `.git` is a file that leads out of it, but not to a directory that belongs to it; the
    /// reason, escaped.
    Foreign(String),
}

/// Finds the git directory of a workspace.
pub(crate) fn find(workspace: &Workspace) -> GitDirectory {
    let Some(link) = read_link(workspace, Path::new(".git"), b"gitdir: ") else {
        return GitDirectory::Shared;
    };
    let path = workspace.path().as_path().join(&link);
    let git_dir = match HostPath::resolve(&path) {
        Ok(git_dir) => git_dir,
        Err(error) => {
            return GitDirectory::Foreign(format!("`{}`: {error}", shown_path(&path)));
        }
    };
    if git_dir.as_path().starts_with(workspace.path().as_path()) {
        return GitDirectory::Shared;
    }
    match prove(workspace, git_dir.as_path()) {
        Ok(directory) => GitDirectory::Elsewhere(directory),
        Err(reason) => {
            GitDirectory::Foreign(format!("`{}` {reason}", shown_path(git_dir.as_path())))
        }
    }
}

/// Opens the directory to share for the git directory at a path, if it belongs to the workspace;
/// the error is why it does not.
fn prove(workspace: &Workspace, git_dir: &Path) -> Result<Workspace, String> {
    let open = |path: &Path| Workspace::open(path).map_err(|_| "cannot be opened".to_owned());
    let own = open(git_dir)?;
    let (directory, working_tree) = match read_link(&own, Path::new("commondir"), b"") {
        // git writes this for each linked worktree.
        Some(common) if common == Path::new("../..") => {
            let worktrees = git_dir.parent().filter(|parent| parent.ends_with("worktrees"));
            let common =
                worktrees.and_then(Path::parent).ok_or("is not in a directory `worktrees`")?;
            let name = git_dir.file_name().unwrap_or_default();
            let common = open(common)?;
            let link = Path::new("worktrees").join(name).join("gitdir");
            let back = read_link(&common, &link, b"").ok_or("names no worktree")?;
            // With `worktree.useRelativePaths` it is relative to the file.
            let back = git_dir.join(back);
            let is_link = back.file_name() == Some(OsStr::new(".git"));
            let back = back.parent().filter(|_| is_link).map(Path::to_owned);
            (common, back.ok_or("names no worktree")?)
        }
        Some(_) => return Err("has a `commondir` other than `../..`".to_owned()),
        None => {
            let text = own.read(Path::new("config"), MAX_CONFIG).ok().flatten();
            let worktree = text.and_then(|text| config_file::core_worktree(&text));
            let worktree = worktree.ok_or("has no single `core.worktree` in its `config`")?;
            (own, git_dir.join(OsStr::from_bytes(&worktree)))
        }
    };
    let real = HostPath::resolve(&working_tree).ok();
    if real.as_ref() != Some(workspace.path()) {
        let other = real.as_ref().map_or(working_tree.as_path(), HostPath::as_path);
        return Err(format!("belongs to `{}`, not to this project", shown_path(other)));
    }
    let is_dir = |name: &str| directory.dir().symlink_metadata(name).is_ok_and(|it| it.is_dir());
    match ["objects", "refs"].into_iter().all(is_dir) {
        true => Ok(directory),
        false => Err("is no git directory: `objects` or `refs` is missing".to_owned()),
    }
}

/// The path in a file that holds nothing else, behind a prefix.
fn read_link(directory: &Workspace, file: &Path, prefix: &[u8]) -> Option<PathBuf> {
    let is_file = directory.dir().symlink_metadata(file).is_ok_and(|it| it.is_file());
    let bytes = if is_file { directory.read(file, MAX_LINK).ok()?? } else { return None };
    let path = bytes.strip_prefix(prefix)?.trim_ascii_end();
    let is_path = !path.is_empty() && !path.contains(&b'\n') && !path.contains(&0);
    is_path.then(|| OsStr::from_bytes(path).into())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests create their own directories")]

    use super::*;

    struct Fixture {
        _dir: tempfile::TempDir,
        root: PathBuf,
    }

    impl Fixture {
        /// Two working trees, `mine` and `other`, and a repository with a worktree and a submodule,
        /// which belong to `mine`.
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path().canonicalize().unwrap();
            let fixture = Self { _dir: dir, root };
            for path in ["mine", "other", "main/.git/objects", "main/.git/refs"] {
                std::fs::create_dir_all(fixture.root.join(path)).unwrap();
            }
            for path in ["objects", "refs"] {
                let path = fixture.root.join("main/.git/modules/sub").join(path);
                std::fs::create_dir_all(path).unwrap();
            }
            fixture.write("main/.git/worktrees/w/commondir", "../..\n");
            fixture.write("main/.git/worktrees/w/gitdir", "$ROOT/mine/.git\n");
            fixture
                .write("main/.git/modules/sub/config", "[core]\n\tworktree = ../../../../mine\n");
            fixture
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text.replace("$ROOT", self.root.to_str().unwrap())).unwrap();
        }

        /// What is found in `mine`: the shared directory below the root, or the reason.
        fn find(&self) -> String {
            match find(&Workspace::open(&self.root.join("mine")).unwrap()) {
                GitDirectory::Shared => "shared".to_owned(),
                GitDirectory::Elsewhere(directory) => {
                    let path = directory.path().as_path().strip_prefix(&self.root).unwrap();
                    path.display().to_string()
                }
                GitDirectory::Foreign(reason) => format!("foreign: {reason}"),
            }
        }
    }

    const WORKTREE: &str = "gitdir: $ROOT/main/.git/worktrees/w\n";
    const SUBMODULE: &str = "gitdir: ../main/.git/modules/sub\n";

    #[test]
    fn a_directory_that_names_this_workspace_is_shared() {
        let fixture = Fixture::new();
        assert_eq!(fixture.find(), "shared");
        fixture.write("mine/.git", WORKTREE);
        assert_eq!(fixture.find(), "main/.git");
        fixture.write("main/.git/worktrees/w/gitdir", "../../../../mine/.git\n");
        assert_eq!(fixture.find(), "main/.git");
        fixture.write("mine/.git", SUBMODULE);
        assert_eq!(fixture.find(), "main/.git/modules/sub");
        fixture.write("mine/own/HEAD", "");
        fixture.write("mine/.git", "gitdir: own\n");
        assert_eq!(fixture.find(), "shared");
    }

    #[test]
    fn any_other_directory_is_foreign() {
        for (file, text, link, reason) in [
            ("main/.git/worktrees/w/gitdir", "$ROOT/other/.git", WORKTREE, "belongs to `"),
            ("main/.git/worktrees/w/gitdir", "$ROOT/mine", WORKTREE, "names no worktree"),
            ("main/.git/worktrees/w/gitdir", "", WORKTREE, "names no worktree"),
            ("main/.git/worktrees/w/commondir", "../../..", WORKTREE, "has a `commondir` other"),
            ("home/secrets/key", "", "gitdir: ../home/secrets", "has no single `core.worktree`"),
            (
                "main/.git/modules/sub/config",
                "[core]\nworktree = ../../../../other",
                SUBMODULE,
                "belongs to `",
            ),
            ("main/.git/modules/sub/config", "[core]\nbare = true", SUBMODULE, "has no single"),
            (
                "other/config",
                "[core]\nworktree = ../mine",
                "gitdir: ../other",
                "is no git directory",
            ),
            ("home/w/commondir", "../..", "gitdir: ../home/w", "is not in a directory `worktrees`"),
            ("x", "", "gitdir: ../nowhere", "nowhere`: No such file"),
        ] {
            let fixture = Fixture::new();
            fixture.write(file, text);
            fixture.write("mine/.git", link);
            let found = fixture.find();
            assert!(found.starts_with("foreign: `") && found.contains(reason), "{file}: {found}");
        }
    }

    #[test]
    fn a_link_in_the_place_of_a_file_is_not_followed() {
        let fixture = Fixture::new();
        fixture.write("mine/file", WORKTREE);
        std::os::unix::fs::symlink("file", fixture.root.join("mine/.git")).unwrap();
        assert_eq!(fixture.find(), "shared");
        std::fs::remove_file(fixture.root.join("mine/.git")).unwrap();
        fixture.write("mine/.git", WORKTREE);
        fixture.write("back", "$ROOT/mine/.git\n");
        let link = fixture.root.join("main/.git/worktrees/w/gitdir");
        std::fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(fixture.root.join("back"), &link).unwrap();
        assert!(fixture.find().contains("names no worktree"), "{}", fixture.find());
    }
}
