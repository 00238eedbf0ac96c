//! What `Plan::check` lets through, whatever a policy says about whatever project.

mod draw;
mod fixture;
#[cfg(test)]
mod lies;

use std::path::{Path, PathBuf};

use arbitrary::Unstructured;

use super::{Plan, Shadow};
use crate::config::Selection;
use crate::path::ContainerPath;
use fixture::Fixture;

/// Any answer of a policy: it is refused in words that a terminal survives, or the
/// plan hides real directories that were asked for, each once, and no other.
pub fn plan_check(bytes: &[u8]) {
    let fixture = Fixture::get();
    let Ok((raw, config)) = draw::question_and_answer(&mut Unstructured::new(bytes)) else {
        return;
    };
    let plan = match Plan::check(&raw, &fixture.workspace, &config) {
        Ok(plan) => plan,
        Err(report) => {
            assert!(!report.is_empty());
            return assert_sayable(&report.to_string());
        }
    };
    assert_sayable(&plan.to_string());
    plan.json().expect("this workspace is UTF-8");
    assert_eq!(plan.workspace.as_path(), fixture.root);
    assert_eq!(plan.target.as_path(), fixture.root);
    for shadow in &plan.shadows {
        assert_eq!(shadow.size, config.size);
        assert_place(fixture, shadow);
        assert!(asked_for(fixture, shadow, &config.selection), "{shadow:?} was not asked for");
    }
    assert!(plan.shadows.is_sorted_by(|a, b| a.path <= b.path), "{plan:?}");
    let targets: Vec<_> = plan.shadows.iter().map(|shadow| shadow.target.as_path()).collect();
    for (n, target) in targets.iter().enumerate() {
        for (m, other) in targets.iter().enumerate() {
            assert!(n == m || !target.starts_with(other), "{plan:?}: one within another");
        }
    }
    // Protection is not dropped in silence: what was listed and is a directory is hidden.
    if let Selection::Listed(listed) = &config.selection {
        for path in listed {
            let real = fixture.root.join(path.as_path()).canonicalize().unwrap_or_default();
            let mut around = targets.iter().filter(|target| real.starts_with(target));
            let ours = real.is_dir() && real.starts_with(&fixture.root) && real != fixture.root;
            let told = plan
                .notes
                .iter()
                .any(|note| note.warning && note.path.as_deref() == Some(path.as_str()));
            assert!(
                !ours || told || around.next().is_some(),
                "`{path}` was listed and is not hidden"
            );
        }
    }
    if let Some(primary) = plan.primary() {
        assert!(plan.shadows.iter().any(|shadow| std::ptr::eq(shadow, primary)));
    }
}

/// A report or a plan as text drives no terminal.
fn assert_sayable(text: &str) {
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    assert!(!text.contains(['\u{202e}', '\u{200b}']), "{text:?}");
}

/// A shadow lies on a directory of the workspace that is really there, or will be made
/// below one that is; or on an environment that an absolute link, or one to the outside,
/// leads to.
fn assert_place(fixture: &Fixture, shadow: &Shadow) {
    let target = shadow.target.as_path();
    let is_missing = |path: &&Path| path.symlink_metadata().is_err();
    if let Some(first) = target.ancestors().take_while(is_missing).last() {
        assert_eq!(shadow.kind, "reserved");
        assert_eq!(target, fixture.root.join(shadow.path.as_path()));
        assert!(first.starts_with(&fixture.root), "{first:?}");
        assert_real_directory(first.parent().expect("the workspace at least"));
    } else if target == fixture.root.join(shadow.path.as_path()) {
        assert_ne!(target, fixture.root);
        assert_real_directory(target);
    } else {
        let link = fixture.root.join(shadow.path.as_path());
        assert!(link.ancestors().any(Path::is_symlink), "{shadow:?}");
        assert_eq!(link.canonicalize().expect("it leads somewhere"), target);
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
    assert_eq!(path.canonicalize().expect("it is there"), path, "a link lies on the way");
    assert!(path.is_dir(), "{path:?}");
}

/// Whether a listed path leads to the shadow; `auto` leaves it to the policy.
fn asked_for(fixture: &Fixture, shadow: &Shadow, selection: &Selection) -> bool {
    let leads = |path: &Path| -> PathBuf {
        path.canonicalize().unwrap_or_else(|_| {
            // Not there yet: its parents are, or will be made too.
            match shadow.target.as_path().symlink_metadata() {
                Err(_) => fixture.root.join(shadow.path.as_path()),
                Ok(_) => PathBuf::new(),
            }
        })
    };
    match selection {
        Selection::Auto => true,
        Selection::Off => false,
        Selection::Listed(listed) => listed
            .iter()
            .any(|path| leads(&fixture.root.join(path.as_path())) == shadow.target.as_path()),
    }
}
