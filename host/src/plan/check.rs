//! A hostile answer becomes a [`Plan`], or a [`Report`] of all its faults.

mod risks;
mod shadows;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::{Note, Plan, Report, Shadow};
use crate::config::{Config, Selection};
use crate::escape::{brief, shown};
use crate::path::RelPath;
use crate::wit::{self, RawPlan};
use crate::workspace::{Place, Workspace};

/// Findings, and mounts, of one answer: far below what engines can mount.
const MAX_ENTRIES: usize = 4096;
/// Bytes of a path, reason or message.
const MAX_TEXT: usize = 4096;
/// Bytes of a version or a kind's name.
const MAX_WORD: usize = 32;

impl Plan {
    /// Checks an answer against the workspace and what was asked for. Each path is
    /// derived again below the workspace handle; no fact is taken from the policy.
    pub fn check(raw: &RawPlan, workspace: &Workspace, config: &Config) -> Result<Self, Report> {
        let RawPlan { findings, plan, layout } = raw;
        let mut check = Check { workspace, config, report: Report::default(), notes: Vec::new() };
        let count = findings.environments.len().max(plan.mounts.len());
        if count.max(findings.notes.len()).max(plan.notes.len()) > MAX_ENTRIES {
            check.report.whole(format!("it has more than {MAX_ENTRIES} entries"));
            return Err(check.report);
        }
        let known = check.findings(&findings.environments);
        check.notes(&findings.notes);
        check.notes(&plan.notes);
        let wanted = check.mounts(&plan.mounts, layout, &known);
        check.completeness(findings, &wanted);
        let mut shadows = check.resolve(&wanted);
        check.overlaps(&shadows);
        shadows.sort_by(|a, b| a.path.cmp(&b.path));

        if !check.report.is_empty() {
            return Err(check.report);
        }
        let mut plan = Self {
            workspace: workspace.path().clone(),
            target: workspace.target().clone(),
            shadows,
            notes: check.notes,
            listed: match &config.selection {
                Selection::Listed(paths) => paths.clone(),
                _ => Vec::new(),
            },
        };
        plan.tell_risks(workspace, config);
        Ok(plan)
    }
}

/// A shadow that was asked for, with the finding it rests on.
type Wanted<'a> = BTreeMap<RelPath, &'a wit::Finding>;

struct Check<'a> {
    workspace: &'a Workspace,
    config: &'a Config,
    report: Report,
    notes: Vec<Note>,
}

impl Check<'_> {
    /// The paths that a plan may shadow: where a finding is, or where its link leads.
    fn findings<'f>(&mut self, findings: &'f [wit::Finding]) -> Wanted<'f> {
        let mut known = Wanted::new();
        let mut seen = BTreeSet::new();
        for finding in findings {
            self.words(finding);
            if !seen.insert(&finding.path) {
                self.report.add(&finding.path, "is found twice");
            }
            let path = match RelPath::parse(&finding.path) {
                Ok(path) => path,
                Err(fault) => {
                    self.report.add(&finding.path, fault);
                    continue;
                }
            };
            // Or anything could be hidden in the name of what was asked for.
            if let Some(wit::Link::Inside(claim)) = &finding.link {
                match self.leads(&path) {
                    real if real.as_str() == claim => drop(known.entry(real).or_insert(finding)),
                    _ => self
                        .report
                        .add(path.as_str(), format_args!("does not lead to `{}`", brief(claim))),
                }
            }
            known.entry(path).or_insert(finding);
        }
        known
    }

    /// The texts of a finding.
    fn words(&mut self, finding: &wit::Finding) {
        let long = |text: &str, most: usize| text.len() > most;
        let python = finding.python.as_deref().unwrap_or("");
        let home = finding.home.as_deref().unwrap_or("");
        if long(&finding.reason, MAX_TEXT) || long(home, MAX_TEXT) || long(python, MAX_WORD) {
            self.report.add(&finding.path, "is described at too great a length");
        }
        let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
        if let wit::Kind::Other(kind) = &finding.kind
            && (kind.is_empty() || long(kind, MAX_WORD) || !kind.bytes().all(plain))
        {
            self.report.add(&finding.path, "has a kind that is not a word of at most 32 letters");
        }
    }

    fn notes(&mut self, notes: &[wit::Note]) {
        for note in notes {
            let path = note.path.as_deref().unwrap_or("");
            if note.message.len() > MAX_TEXT || path.len() > MAX_TEXT {
                self.report.whole("it has a note of too great a length");
                return;
            }
            self.notes.push(Note {
                warning: note.severity == wit::Severity::Warning,
                path: note.path.as_deref().map(|path| shown(path).into_owned()),
                message: shown(&note.message).into_owned(),
            });
        }
    }

    /// The mounts, each by itself.
    fn mounts<'f>(
        &mut self,
        mounts: &[wit::Mount],
        layout: &wit::Layout,
        known: &Wanted<'f>,
    ) -> Wanted<'f> {
        let mut wanted = Wanted::new();
        let mut workspaces = 0;
        for mount in mounts {
            let shadow = match mount {
                wit::Mount::Workspace(target) => {
                    workspaces += 1;
                    if *target != layout.workspace {
                        self.report.add(target, "is not where the workspace is to be");
                    }
                    continue;
                }
                wit::Mount::Shadow(shadow) => shadow,
            };
            let path = match RelPath::parse(&shadow.path) {
                Ok(path) => path,
                Err(fault) => {
                    self.report.add(&shadow.path, fault);
                    continue;
                }
            };
            if shadow.backing != layout.backing || shadow.size != layout.size {
                self.report.add(path.as_str(), "has another backing or size than was asked for");
            }
            match known.get(&path) {
                None => self.report.add(path.as_str(), "is hidden, but was not found"),
                Some(finding) if !self.asked(finding) => {
                    self.report.add(path.as_str(), "is hidden, but was not asked for");
                }
                Some(finding) => {
                    if wanted.insert(path, *finding).is_some() {
                        self.report.add(&shadow.path, "is hidden twice");
                    }
                }
            }
        }
        if workspaces != 1 {
            self.report.whole(format!("it mounts the workspace {workspaces} times, not once"));
        }
        wanted
    }

    /// Whether the person's selection covers a finding.
    fn asked(&self, finding: &wit::Finding) -> bool {
        match &self.config.selection {
            Selection::Auto => true,
            Selection::Off => false,
            Selection::Listed(paths) => paths.iter().any(|path| path.as_str() == finding.path),
        }
    }

    /// Where a path leads, links resolved; itself, if it leads out of the workspace
    /// or to nothing that can be hidden.
    fn leads(&self, path: &RelPath) -> RelPath {
        match self.workspace.place(path) {
            Ok(Place::Directory(real)) => real,
            Ok(Place::Missing(make)) => make.last().unwrap_or(path).clone(),
            Ok(Place::File | Place::Outside) | Err(_) => path.clone(),
        }
    }

    /// Protection is never dropped in silence: what was found is hidden, and what
    /// was listed is found unless the host itself sees why it cannot be.
    fn completeness(&mut self, findings: &wit::Findings, wanted: &Wanted<'_>) {
        // Most is hidden where it was found: then nothing has to be looked at.
        let found = findings.environments.iter().map(|finding| finding.path.as_str());
        let elsewhere = found.filter(|path| !wanted.contains_key(*path));
        let elsewhere: Vec<_> = elsewhere.filter_map(|path| RelPath::parse(path).ok()).collect();
        let listed = match &self.config.selection {
            Selection::Listed(listed) => listed.as_slice(),
            _ if elsewhere.is_empty() => return,
            _ => &[],
        };
        let hidden: BTreeSet<_> = wanted.keys().map(|path| self.leads(path)).collect();
        for path in &elsewhere {
            if !self.leads(path).is_within_any(&hidden) {
                self.report.add(path.as_str(), "was found, but is not hidden");
            }
        }
        for path in listed {
            // Several of them may lead to one directory, found under one of the names. And
            // where an absolute link leads, only the host sees: perhaps back inside.
            let real = self.leads(path);
            let is_hidden = real.is_within_any(&hidden);
            let can_be = matches!(
                self.workspace.place(path),
                Ok(Place::Directory(_) | Place::Missing(_) | Place::Outside)
            );
            if can_be && !is_hidden {
                self.report.add(path.as_str(), "was asked for, but is not hidden");
            }
        }
    }
}
