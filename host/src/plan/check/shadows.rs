//! From what may be hidden to what really stands there.

use std::io::ErrorKind;

use super::{Check, Note, Shadow, Wanted};
use crate::config::Selection;
use crate::escape::{shown, shown_path};
use crate::path::{ContainerPath, RelPath};
use crate::wit;
use crate::workspace::{Marker, Place};

impl Check<'_> {
    /// What really stands at each path, sorted by component: all inner ones follow their
    /// outer one.
    pub(super) fn resolve(&mut self, wanted: &Wanted<'_>) -> Vec<Shadow> {
        let mut shadows = Vec::with_capacity(wanted.len());
        for (path, finding) in wanted {
            let shadow = match self.workspace.place(path) {
                Ok(Place::Directory(real)) => Some(self.shadow(real, finding)),
                Ok(Place::Missing(make)) if self.may_be_made(finding) => {
                    let finding = wit::Finding { kind: wit::Kind::Reserved, ..(*finding).clone() };
                    make.last().map(|real| self.shadow(real.clone(), &finding))
                }
                Ok(Place::Missing(_)) => self.fault(path, "does not exist"),
                Ok(Place::File) => self.fault(path, "is not a directory"),
                Ok(Place::Outside) if matches!(finding.link, Some(wit::Link::Outside)) => {
                    self.outside(path, finding)
                }
                Ok(Place::Outside) => {
                    self.fault(path, "lies behind a link that leaves the workspace")
                }
                Err(error) => self.fault(path, &error.to_string()),
            };
            shadows.extend(shadow);
        }
        shadows.sort_by(|a, b| a.target.cmp(&b.target));
        // Several links may lead to one directory: it is hidden once, as the first has it.
        shadows.dedup_by(|a, b| a.target == b.target);
        shadows
    }

    /// Reserved; or listed, and removed since the policy saw it: by another run that had made
    /// it, or by a tool that makes it anew.
    fn may_be_made(&self, finding: &wit::Finding) -> bool {
        finding.kind == wit::Kind::Reserved
            || matches!(self.config.selection, Selection::Listed(_)) && self.asked(finding)
    }

    fn fault(&mut self, path: &RelPath, fault: &str) -> Option<Shadow> {
        self.report.add(path.as_str(), fault);
        None
    }

    fn shadow(&self, path: RelPath, finding: &wit::Finding) -> Shadow {
        Shadow {
            target: self.workspace.target().join(&path),
            path,
            size: self.config.size,
            storage: self.config.storage,
            kind: String::from(&finding.kind),
            python: finding.python.as_deref().map(|text| shown(text).into_owned()),
            home: finding.home.as_deref().map(|text| shown(text).into_owned()),
            reason: shown(&finding.reason).into_owned(),
        }
    }

    /// An environment outside the workspace is hidden where the host finds it, and
    /// only if the host finds one there: a repository could link to anything.
    fn outside(&mut self, path: &RelPath, finding: &wit::Finding) -> Option<Shadow> {
        let (why, target) = match self.workspace.follow_outside(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                ("nothing is there".to_owned(), None)
            }
            Err(error) => (error.to_string(), None),
            Ok((target, None)) => ("no environment is there".to_owned(), Some(target)),
            Ok((target, Some(_)))
                if self.workspace.path().as_path().starts_with(target.as_path()) =>
            {
                ("the workspace lies within it".to_owned(), Some(target))
            }
            Ok((target, Some(marker))) => match ContainerPath::new(target.as_path()) {
                None => ("the container needs that place itself".to_owned(), Some(target)),
                Some(container) => {
                    let (kind, marker) = match marker {
                        Marker::Venv => (wit::Kind::Venv, "pyvenv.cfg"),
                        Marker::Conda => (wit::Kind::Conda, "conda-meta"),
                    };
                    let reason =
                        format!("{marker}, behind a link to `{}`", shown_path(target.as_path()));
                    let finding = wit::Finding { kind, reason, ..finding.clone() };
                    let shadow = self.shadow(path.clone(), &finding);
                    return Some(Shadow { target: container, ..shadow });
                }
            },
        };
        let leads = match target {
            Some(target) => format!("leads to `{}`", shown_path(target.as_path())),
            None => "leads out of the workspace".to_owned(),
        };
        self.notes.push(Note {
            warning: true,
            path: Some(shown(path.as_str()).into_owned()),
            message: format!("{leads} and is not hidden: {}", shown(&why)),
        });
        None
    }

    /// None of these, sorted by component, lies within another.
    pub(super) fn overlaps(&mut self, shadows: &[Shadow]) {
        let mut outer: Option<&Shadow> = None;
        for shadow in shadows {
            match outer {
                Some(outer) if shadow.target.as_path().starts_with(outer.target.as_path()) => {
                    let fault = format_args!("lies within `{}`", shown(outer.path.as_str()));
                    self.report.add(shadow.path.as_str(), fault);
                }
                _ => outer = Some(shadow),
            }
        }
    }
}
