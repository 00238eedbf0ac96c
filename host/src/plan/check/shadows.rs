//! Resolves the requested paths to the directories that are really there.

use std::io::ErrorKind;

use super::{Candidates, Check, Note, Overtime, Shadow};
use crate::escape::{shown, shown_path};
use crate::path::{ContainerPath, HostPath, RelPath};
use crate::plan::{FindingKind, Severity};
use crate::value::Storage;
use crate::wit;
use crate::workspace::{Marker, PathState};

impl Check<'_> {
    /// Resolves each path to a shadow. The result is sorted by the components of the targets, so
    /// that a shadow follows the one it lies within.
    pub(super) fn resolve_shadows(
        &mut self,
        requested: &Candidates<'_>,
        raw: &wit::RawPlan,
    ) -> Result<Vec<Shadow>, Overtime> {
        let mut shadows = Vec::with_capacity(requested.len());
        for (path, finding) in requested {
            let shadow = match self.inspect(path)? {
                Ok(PathState::Directory(real)) => Some(self.shadow(real, finding)),
                Ok(PathState::Missing(missing)) if self.may_be_missing(finding) => {
                    let finding = wit::Finding { kind: wit::Kind::Reserved, ..(*finding).clone() };
                    Some(self.shadow(missing.last().clone(), &finding))
                }
                Ok(PathState::Missing(_)) => self.add_fault(path, "does not exist"),
                Ok(PathState::File) => self.add_fault(path, "is not a directory"),
                Ok(PathState::Outside) if matches!(finding.link, Some(wit::Link::Outside)) => {
                    self.resolve_outside(path, finding)
                }
                Ok(PathState::Outside) => {
                    self.add_fault(path, "lies behind a link that leaves the workspace")
                }
                Err(error) => self.add_fault(path, &error),
            };
            let backing = raw.backings.get(&finding.path).unwrap_or(&raw.layout.backing);
            let storage = Storage::from(*backing);
            shadows.extend(shadow.map(|shadow| Shadow { storage, ..shadow }));
        }
        shadows.sort_by(|a, b| a.target.cmp(&b.target));
        // Several links may lead to one directory: the first of them describes its shadow.
        shadows.dedup_by(|a, b| a.target == b.target);
        Ok(shadows)
    }

    /// Whether the directory need not exist: it is reserved, or the user named it and another
    /// run or a tool that recreates it has removed it since the policy found it.
    fn may_be_missing(&self, finding: &wit::Finding) -> bool {
        finding.kind == wit::Kind::Reserved || self.named.contains(finding.path.as_str())
    }

    fn add_fault(&mut self, path: &RelPath, fault: &str) -> Option<Shadow> {
        self.faults.add(path.as_str(), fault);
        None
    }

    /// A shadow at a path of the workspace.
    fn shadow(&self, path: RelPath, finding: &wit::Finding) -> Shadow {
        Shadow {
            target: self.workspace.target().join(&path),
            path,
            size: self.config.size,
            storage: Storage::Tmpfs,
            kind: FindingKind::from(&finding.kind),
            python: finding.python.as_deref().map(|text| shown(text).into_owned()),
            home: finding.home.as_deref().map(|text| shown(text).into_owned()),
            reason: shown(&finding.reason).into_owned(),
        }
    }

    /// A shadow over the target of a link out of the workspace. The host must find a marker
    /// there: a repository can link to any directory. Otherwise a warning is added.
    fn resolve_outside(&mut self, path: &RelPath, finding: &wit::Finding) -> Option<Shadow> {
        let (target, why) = match self.workspace.follow_outside(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                (None, "nothing is there".to_owned())
            }
            Err(error) => (None, error.to_string()),
            Ok((target, marker)) => match self.check_outside(&target, marker) {
                Ok((container, marker)) => {
                    return Some(self.outside_shadow(path, finding, &target, container, marker));
                }
                Err(why) => (Some(target), why.to_owned()),
            },
        };
        let leads = match target {
            Some(target) => format!("leads to `{}`", shown_path(target.as_path())),
            None => "leads out of the workspace".to_owned(),
        };
        self.notes.push(Note {
            severity: Severity::Warning,
            path: Some(shown(path.as_str()).into_owned()),
            message: format!("{leads} and is not hidden: {}", shown(&why)),
        });
        None
    }

    /// The mount point for a directory outside the workspace; the error is why it has none.
    fn check_outside(
        &self,
        target: &HostPath,
        marker: Option<Marker>,
    ) -> Result<(ContainerPath, Marker), &'static str> {
        let Some(marker) = marker else { return Err("no environment is there") };
        if self.workspace.path().as_path().starts_with(target.as_path()) {
            return Err("the workspace lies within it");
        }
        match ContainerPath::new(target.as_path()) {
            Some(container) => Ok((container, marker)),
            None => Err("the container needs that path itself"),
        }
    }

    fn outside_shadow(
        &self,
        path: &RelPath,
        finding: &wit::Finding,
        target: &HostPath,
        container: ContainerPath,
        marker: Marker,
    ) -> Shadow {
        let (kind, marker) = match marker {
            Marker::Venv => (wit::Kind::Venv, "pyvenv.cfg"),
            Marker::Conda => (wit::Kind::Conda, "conda-meta"),
            Marker::Virtualenv => (wit::Kind::Venv, "bin/activate"),
        };
        let reason = format!("{marker}, behind a link to `{}`", shown_path(target.as_path()));
        let finding = wit::Finding { kind, reason, ..finding.clone() };
        Shadow { target: container, ..self.shadow(path.clone(), &finding) }
    }

    /// Checks that no shadow lies within another; they must be sorted by component.
    pub(super) fn check_overlaps(&mut self, shadows: &[Shadow]) {
        let mut outer: Option<&Shadow> = None;
        for shadow in shadows {
            match outer {
                Some(outer) if shadow.target.as_path().starts_with(outer.target.as_path()) => {
                    let fault = format_args!("lies within `{}`", shown(outer.path.as_str()));
                    self.faults.add(shadow.path.as_str(), fault);
                }
                _ => outer = Some(shadow),
            }
        }
    }
}
