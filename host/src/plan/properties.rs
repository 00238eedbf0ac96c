//! What holds for every plan that [`Plan::check`] accepts, whatever a policy returns.

mod fixture;
mod generate;
#[cfg(test)]
mod link_claims;

use std::path::{Path, PathBuf};

use arbitrary::Unstructured;

use super::{FindingKind, Plan, Severity, Shadow};
use crate::config::Selection;
use crate::path::{ContainerPath, RelPath};
use fixture::ProjectFixture;

/// Checks a result that is generated from `bytes`. It is rejected with printable faults, or the
/// plan hides real directories that were asked for, each once, and no others.
pub fn plan_check(bytes: &[u8]) {
    let fixture = ProjectFixture::get();
    let Ok((raw, config)) = generate::result(&mut Unstructured::new(bytes)) else {
        return;
    };
    let plan = match Plan::check(&raw, &fixture.workspace, &config, fixture::deadline()) {
        Ok(plan) => plan,
        Err(faults) => {
            assert!(!faults.is_empty());
            return assert_printable(&faults.to_string());
        }
    };
    assert_printable(&plan.to_string());
    plan.json().expect("this workspace is UTF-8");
    assert_eq!(plan.workspace.as_path(), fixture.root);
    assert_eq!(plan.target.as_path(), fixture.root);
    for shadow in &plan.shadows {
        assert_eq!(shadow.size, config.size);
        assert_is_real(fixture, shadow);
        assert!(is_requested(fixture, shadow, &config.selection), "{shadow:?} was not asked for");
    }
    assert!(plan.shadows.is_sorted_by(|a, b| a.path <= b.path), "{plan:?}");
    let targets: Vec<_> = plan.shadows.iter().map(|shadow| shadow.target.as_path()).collect();
    for (n, target) in targets.iter().enumerate() {
        for (m, other) in targets.iter().enumerate() {
            assert!(n == m || !target.starts_with(other), "{plan:?}: one within another");
        }
    }
    if let Selection::Listed(listed) = &config.selection {
        listed.iter().for_each(|path| assert_hidden_or_reported(fixture, &plan, path));
    }
    if let Some(primary) = plan.primary() {
        assert!(plan.shadows.iter().any(|shadow| std::ptr::eq(shadow, primary)));
    }
}

/// No text of a plan or its faults controls a terminal.
fn assert_printable(text: &str) {
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    assert!(!text.contains(['\u{202e}', '\u{200b}']), "{text:?}");
}

/// A listed directory of the workspace is hidden, or a warning names it.
fn assert_hidden_or_reported(fixture: &ProjectFixture, plan: &Plan, path: &RelPath) {
    let real = fixture.root.join(path.as_path()).canonicalize().unwrap_or_default();
    let is_ours = real.is_dir() && real.starts_with(&fixture.root) && real != fixture.root;
    let is_hidden = plan.shadows.iter().any(|shadow| real.starts_with(shadow.target.as_path()));
    let is_reported = plan.notes.iter().any(|note| {
        note.severity == Severity::Warning && note.path.as_deref() == Some(path.as_str())
    });
    assert!(!is_ours || is_reported || is_hidden, "`{path}` was listed and is not hidden");
}

/// A shadow lies on a directory of the workspace that exists or can be created in one that does,
/// or on an environment behind an absolute link or a link out of the workspace.
fn assert_is_real(fixture: &ProjectFixture, shadow: &Shadow) {
    let target = shadow.target.as_path();
    let is_missing = |path: &&Path| path.symlink_metadata().is_err();
    if let Some(first) = target.ancestors().take_while(is_missing).last() {
        assert_eq!(shadow.kind, FindingKind::Reserved);
        assert_eq!(target, fixture.root.join(shadow.path.as_path()));
        assert!(first.starts_with(&fixture.root), "{first:?}");
        assert_real_directory(first.parent().expect("the workspace at least"));
    } else if target == fixture.root.join(shadow.path.as_path()) {
        assert_ne!(target, fixture.root);
        assert_real_directory(target);
    } else {
        let link = fixture.root.join(shadow.path.as_path());
        assert!(link.ancestors().any(Path::is_symlink), "{shadow:?}");
        assert_eq!(link.canonicalize().expect("the link leads to a directory"), target);
        assert_real_directory(target);
        assert!(
            target.join("pyvenv.cfg").is_file() || target.join("conda-meta").is_dir(),
            "{shadow:?}"
        );
        assert!(!fixture.root.starts_with(target), "{shadow:?} covers the workspace");
        assert!(ContainerPath::new(target).is_some());
    }
}

fn assert_real_directory(path: &Path) {
    assert_eq!(path.canonicalize().expect("it exists"), path, "a link lies on the way");
    assert!(path.is_dir(), "{path:?}");
}

/// Whether the selection covers a shadow; with `auto` the policy decides.
fn is_requested(fixture: &ProjectFixture, shadow: &Shadow, selection: &Selection) -> bool {
    let follow_links = |path: &Path| -> PathBuf {
        path.canonicalize().unwrap_or_else(|_| {
            // A directory that does not exist has no real path but the shadow's own.
            match shadow.target.as_path().symlink_metadata() {
                Err(_) => fixture.root.join(shadow.path.as_path()),
                Ok(_) => PathBuf::new(),
            }
        })
    };
    match selection {
        Selection::Auto(_) => true,
        Selection::Off => false,
        Selection::Listed(listed) => listed.iter().any(|path| {
            follow_links(&fixture.root.join(path.as_path())) == shadow.target.as_path()
        }),
    }
}
