//! What proves a directory to be an environment.

use crate::pyvenv::{self, Pyvenv};
use crate::resolve::{Place, resolve};
use crate::tree::{Error, FileType, Tree};
use crate::types::{Finding, Kind, Link};
use alloc::string::{String, ToString};

/// Marks a virtual environment (PEP 405).
pub(crate) const VENV: &str = "pyvenv.cfg";
/// Marks a conda prefix.
pub(crate) const CONDA: &str = "conda-meta";

/// Enough for any `pyvenv.cfg` that a tool wrote.
const MAX_PYVENV: usize = 64 * 1024;

/// An environment, and how it is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) kind: Kind,
    pub(crate) pyvenv: Pyvenv,
    /// The marker, if there is one.
    pub(crate) reason: &'static str,
}

impl Evidence {
    /// For a directory that is hidden without any.
    pub(crate) fn none(kind: Kind) -> Self {
        Self { kind, pyvenv: Pyvenv::default(), reason: "" }
    }

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

/// Looks for a marker in a directory that is reached without links.
pub(crate) fn evidence(tree: &dyn Tree, dir: &str) -> Result<Option<Evidence>, Error> {
    let pyvenv = match resolve(tree, dir, VENV)? {
        Place::At { path, file_type: FileType::File, .. } => Some(read(tree, &path)),
        // Trees of links into a store have it: nothing else bears that name.
        Place::Outside => Some(Pyvenv::default()),
        _ => None,
    };
    if let Some(pyvenv) = pyvenv {
        return Ok(Some(Evidence { kind: Kind::Venv, pyvenv, reason: VENV }));
    }
    Ok(match resolve(tree, dir, CONDA)? {
        Place::At { file_type: FileType::Directory, .. } => {
            Some(Evidence { kind: Kind::Conda, pyvenv: Pyvenv::default(), reason: CONDA })
        }
        _ => None,
    })
}

/// That the file is there is what counts; what it says is a courtesy.
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
