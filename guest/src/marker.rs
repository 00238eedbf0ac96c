//! What proves a directory to be an environment.

use crate::path::join;
use crate::pyvenv::{self, Pyvenv};
use crate::resolve::{Place, resolve};
use crate::tree::{Error, FileType, Tree};
use crate::types::{Finding, Kind, Link};
use alloc::string::{String, ToString};

/// Marks a virtual environment (PEP 405).
pub(crate) const PYVENV: &str = "pyvenv.cfg";
/// Marks a conda prefix.
pub(crate) const CONDA: &str = "conda-meta";
/// Where virtualenv before 20 and Python 2 have the pair of files that mark an environment
/// without `pyvenv.cfg`, and what the finding names.
pub(crate) const VIRTUALENV: [(&str, &str); 2] =
    [("bin", "bin/activate"), ("Scripts", "Scripts/activate")];

/// Enough for any `pyvenv.cfg` that a tool wrote.
const MAX_PYVENV: usize = 64 * 1024;

/// An environment, and how it is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) kind: Kind,
    pub(crate) pyvenv: Pyvenv,
    /// The marker, or what else makes it one; empty if nothing does.
    pub(crate) reason: &'static str,
}

impl Evidence {
    /// For a directory that is hidden without a marker.
    pub(crate) fn none(kind: Kind) -> Self {
        Self { kind, pyvenv: Pyvenv::default(), reason: "" }
    }

    /// For a conda prefix.
    pub(crate) fn conda() -> Self {
        Self { reason: CONDA, ..Self::none(Kind::Conda) }
    }

    /// For the environment of an old virtualenv, which this file marks.
    pub(crate) fn virtualenv(reason: &'static str) -> Self {
        Self { reason, ..Self::none(Kind::Venv) }
    }

    /// For a directory in which a tool keeps environments.
    pub(crate) fn tool(tool: &'static str) -> Self {
        Self { reason: "by its name", ..Self::none(Kind::Other(tool.to_string())) }
    }

    /// The finding at `path`, which leads to `link` if it is a link.
    pub(crate) fn finding(self, path: &str, link: Option<String>, reason: String) -> Finding {
        Finding {
            path: path.to_string(),
            kind: self.kind,
            python: self.pyvenv.python,
            home: self.pyvenv.home,
            link: link.map(Link::Inside),
            reason,
        }
    }
}

/// Looks for a marker in a directory that was not listed, and is reached without links.
pub(crate) fn evidence(tree: &dyn Tree, dir: &str) -> Result<Option<Evidence>, Error> {
    if let Some(evidence) = pyvenv(tree, dir, FileType::Link)? {
        return Ok(Some(evidence));
    }
    if let Some(evidence) = conda(tree, dir)? {
        return Ok(Some(evidence));
    }
    for (bin, reason) in VIRTUALENV {
        let bin = join(dir, bin);
        let (mut activate, mut python) = (false, false);
        if tree.file_type(&bin)? == Some(FileType::Directory) {
            tree.list(&bin, &mut |entry| {
                if let (Some(name), FileType::File | FileType::Link) =
                    (&entry.name, entry.file_type)
                {
                    activate |= is_activate(name);
                    python |= is_python(name);
                }
            })?;
        }
        if activate && python {
            return Ok(Some(Evidence::virtualenv(reason)));
        }
    }
    Ok(None)
}

/// The evidence of a `pyvenv.cfg` in `dir`, which is a file or may be a link to one.
pub(crate) fn pyvenv(
    tree: &dyn Tree,
    dir: &str,
    file_type: FileType,
) -> Result<Option<Evidence>, Error> {
    let pyvenv = match file_type {
        FileType::File => read(tree, &join(dir, PYVENV)),
        _ => match resolve(tree, dir, PYVENV)? {
            Place::At { path, file_type: FileType::File, .. } => read(tree, &path),
            // Trees of links into a store have it: nothing else has that name.
            Place::Outside => Pyvenv::default(),
            _ => return Ok(None),
        },
    };
    Ok(Some(Evidence { kind: Kind::Venv, pyvenv, reason: PYVENV }))
}

/// The evidence of a `conda-meta` in `dir`, which may be a link to a directory.
pub(crate) fn conda(tree: &dyn Tree, dir: &str) -> Result<Option<Evidence>, Error> {
    Ok(match resolve(tree, dir, CONDA)? {
        Place::At { file_type: FileType::Directory, .. } => Some(Evidence::conda()),
        _ => None,
    })
}

/// `activate` in `bin`; `activate`, `activate.bat` or `activate.ps1` in `Scripts`.
pub(crate) fn is_activate(name: &str) -> bool {
    matches!(name, "activate" | "activate.bat" | "activate.ps1")
}

/// `python`, `python3`, `python2.7` or `python.exe`; not a script called `python-lint`.
pub(crate) fn is_python(name: &str) -> bool {
    let Some(version) = name.strip_prefix("python") else { return false };
    version == ".exe" || version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// The file's presence is the marker; an unreadable one only has no details.
fn read(tree: &dyn Tree, path: &str) -> Pyvenv {
    let Ok(bytes) = tree.read(path, MAX_PYVENV) else {
        return Pyvenv::default();
    };
    let mut whole = bytes.as_slice();
    if whole.len() == MAX_PYVENV {
        // The last line may have been cut; half a value is a wrong one.
        let end = whole.iter().rposition(|&byte| byte == b'\n').unwrap_or(0);
        whole = &whole[..end];
    }
    pyvenv::parse(whole)
}
