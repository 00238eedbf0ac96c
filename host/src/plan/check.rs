//! Checks the untrusted result of the policies: it becomes a [`Plan`], or a [`PlanFaults`] with
//! every fault.

mod completeness;
mod paths;
mod risks;
mod shadows;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Note, Plan, PlanFaults, Severity, Shadow};
use crate::config::{Config, Selection};
use crate::deadline::Deadline;
use crate::escape::{brief, shown};
use crate::path::RelPath;
use crate::project_python::ProjectPython;
use crate::wit::{self, RawPlan};
use crate::workspace::{PathState, Workspace};
use paths::Overtime;

/// The most findings, mounts or notes of one result: engines cannot mount nearly as many.
pub(crate) const MAX_ENTRIES: usize = 4096;
/// The most bytes of a reason, an interpreter's directory, or a note's message or path.
const MAX_TEXT: usize = 4096;
/// The most bytes of a Python version, or of the name of a kind.
const MAX_NAME: usize = 32;

impl Plan {
    /// Checks a result against the workspace and the configuration. Every path is resolved again
    /// below the workspace handle, and no fact is taken from the policy. The error has every
    /// fault of the result, unless the deadline ends the check.
    pub fn check(
        raw: &RawPlan,
        workspace: &Workspace,
        config: &Config,
        deadline: Deadline,
    ) -> Result<Self, PlanFaults> {
        let RawPlan { findings, plan, .. } = raw;
        let mut check = Check::new(workspace, config, deadline);
        let count = findings.environments.len().max(plan.mounts.len());
        if count.max(findings.notes.len()).max(plan.notes.len()) > MAX_ENTRIES {
            check.faults.add_general(format!("it has more than {MAX_ENTRIES} entries"));
            return Err(check.faults);
        }
        let (shadows, primary) = match check.check(raw) {
            Ok(checked) => checked,
            Err(Overtime) => {
                check.faults.add_overtime(deadline.time());
                return Err(check.faults);
            }
        };
        if !check.faults.is_empty() {
            return Err(check.faults);
        }
        let mut plan = Self {
            workspace: workspace.path().clone(),
            target: workspace.target().clone(),
            shadows,
            notes: check.notes,
            primary,
            time_left: deadline.pause(),
            network: config.network,
            python: ProjectPython::default(),
            further: Vec::new(),
        };
        plan.choose_python(workspace, config);
        plan.note_risks(workspace, config);
        Ok(plan)
    }
}

/// Paths to hide, each with the finding that justifies it.
type Candidates<'a> = BTreeMap<RelPath, &'a wit::Finding>;

/// A check in progress. Everything it does for a finding or a mount is either limited in time or
/// fails with [`Overtime`].
struct Check<'a> {
    workspace: &'a Workspace,
    config: &'a Config,
    deadline: Deadline,
    /// The paths that the user named.
    named: BTreeSet<RelPath>,
    /// The paths that the user excepted.
    excepted: BTreeSet<RelPath>,
    /// What the paths inspected so far lead to.
    states: HashMap<RelPath, Result<PathState, String>>,
    faults: PlanFaults,
    notes: Vec<Note>,
}

impl<'a> Check<'a> {
    fn new(workspace: &'a Workspace, config: &'a Config, deadline: Deadline) -> Self {
        let excepted = match &config.selection {
            Selection::Auto(changes) => changes.except.as_slice(),
            Selection::Off | Selection::Listed(_) => &[],
        };
        Self {
            workspace,
            config,
            deadline,
            named: config.selection.named().iter().cloned().collect(),
            excepted: excepted.iter().cloned().collect(),
            states: HashMap::new(),
            faults: PlanFaults::default(),
            notes: Vec::new(),
        }
    }

    /// Checks a result, and returns its shadows, sorted by path, and the index of the primary
    /// one. They are valid only if there is no fault.
    fn check(&mut self, raw: &RawPlan) -> Result<(Vec<Shadow>, Option<usize>), Overtime> {
        let RawPlan { findings, plan, layout, .. } = raw;
        let known = self.check_findings(&findings.environments)?;
        self.add_notes(&findings.notes);
        self.add_notes(&plan.notes);
        let requested = self.check_mounts(&plan.mounts, layout, &known)?;
        self.check_completeness(findings, &requested)?;
        let mut shadows = self.resolve_shadows(&requested, raw)?;
        self.check_overlaps(&shadows);
        shadows.sort_by(|a, b| a.path.cmp(&b.path));
        let primary = self.find_primary(findings, &shadows)?;
        Ok((shadows, primary))
    }

    /// Checks the findings, and returns the paths that a plan may shadow: the path of each
    /// finding, and the path that its link leads to.
    fn check_findings<'f>(
        &mut self,
        findings: &'f [wit::Finding],
    ) -> Result<Candidates<'f>, Overtime> {
        let mut known = Candidates::new();
        let mut seen = BTreeSet::new();
        for finding in findings {
            self.check_time()?;
            self.check_texts(finding);
            if !seen.insert(&finding.path) {
                self.faults.add(&finding.path, "is found twice");
            }
            let path = match RelPath::parse(&finding.path) {
                Ok(path) => path,
                Err(fault) => {
                    self.faults.add(&finding.path, fault);
                    continue;
                }
            };
            // A false claim could hide any directory in place of the requested one.
            if let Some(wit::Link::Inside(claim)) = &finding.link {
                match self.follow_links(&path)? {
                    real if real.as_str() == claim => drop(known.entry(real).or_insert(finding)),
                    _ => self
                        .faults
                        .add(path.as_str(), format_args!("does not lead to `{}`", brief(claim))),
                }
            }
            known.entry(path).or_insert(finding);
        }
        Ok(known)
    }

    /// Checks the lengths of a finding's texts, and the name of its kind.
    fn check_texts(&mut self, finding: &wit::Finding) {
        let python = finding.python.as_deref().unwrap_or("");
        let home = finding.home.as_deref().unwrap_or("");
        let texts = [
            ("reason", finding.reason.as_str(), MAX_TEXT),
            ("home", home, MAX_TEXT),
            ("Python version", python, MAX_NAME),
        ];
        for (what, text, limit) in texts {
            if text.len() > limit {
                let fault = format_args!("has a {what} longer than {limit} bytes");
                self.faults.add(&finding.path, fault);
            }
        }
        let is_plain = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
        if let wit::Kind::Other(kind) = &finding.kind
            && (kind.is_empty() || kind.len() > MAX_NAME || !kind.bytes().all(is_plain))
        {
            let fault = format_args!(
                "has a kind that is not 1 to {MAX_NAME} ASCII letters, digits, `-` or `_`"
            );
            self.faults.add(&finding.path, fault);
        }
    }

    /// Escapes the notes of a policy and adds them to the plan's.
    fn add_notes(&mut self, notes: &[wit::Note]) {
        for note in notes {
            let path = note.path.as_deref().unwrap_or("");
            for (what, text) in [("message", note.message.as_str()), ("path", path)] {
                if text.len() > MAX_TEXT {
                    let fault = format!("it has a note with a {what} longer than {MAX_TEXT} bytes");
                    return self.faults.add_general(fault);
                }
            }
            self.notes.push(Note {
                severity: Severity::from(note.severity),
                path: note.path.as_deref().map(|path| shown(path).into_owned()),
                message: shown(&note.message).into_owned(),
            });
        }
    }

    /// Checks each mount by itself, and returns the shadows that are justified by a finding.
    fn check_mounts<'f>(
        &mut self,
        mounts: &[wit::Mount],
        layout: &wit::Layout,
        known: &Candidates<'f>,
    ) -> Result<Candidates<'f>, Overtime> {
        let mut requested = Candidates::new();
        let mut workspaces = 0;
        for mount in mounts {
            self.check_time()?;
            let shadow = match mount {
                wit::Mount::Workspace(target) => {
                    workspaces += 1;
                    if *target != layout.workspace {
                        self.faults.add(target, "is not the path of the workspace");
                    }
                    continue;
                }
                wit::Mount::Shadow(shadow) => shadow,
            };
            let path = match RelPath::parse(&shadow.path) {
                Ok(path) => path,
                Err(fault) => {
                    self.faults.add(&shadow.path, fault);
                    continue;
                }
            };
            if shadow.backing != layout.backing || shadow.size != layout.size {
                self.faults.add(path.as_str(), "has another backing or size than was asked for");
            }
            match known.get(&path) {
                None => self.faults.add(path.as_str(), "is hidden, but was not found"),
                Some(finding) if !self.is_requested(finding) => {
                    self.faults.add(path.as_str(), "is hidden, but was not asked for");
                }
                Some(finding) => {
                    if requested.insert(path, *finding).is_some() {
                        self.faults.add(&shadow.path, "is hidden twice");
                    }
                }
            }
        }
        if workspaces != 1 {
            let fault = format!("it mounts the workspace {workspaces} times, not once");
            self.faults.add_general(fault);
        }
        Ok(requested)
    }

    /// Whether the configured selection covers a finding.
    fn is_requested(&self, finding: &wit::Finding) -> bool {
        match &self.config.selection {
            Selection::Auto(_) => {
                let path = RelPath::parse(&finding.path);
                !path.is_ok_and(|path| path.is_within_any(&self.excepted))
            }
            Selection::Off => false,
            Selection::Listed(_) => self.named.contains(finding.path.as_str()),
        }
    }

    /// The index of the shadow that hides the primary finding; `None` if an outer shadow does.
    fn find_primary(
        &mut self,
        findings: &wit::Findings,
        shadows: &[Shadow],
    ) -> Result<Option<usize>, Overtime> {
        let Some(path) = &findings.primary else { return Ok(None) };
        let Some(finding) = findings.environments.iter().find(|finding| finding.path == *path)
        else {
            self.faults.add(path, "is primary, but was not found");
            return Ok(None);
        };
        let position = |path: &str| shadows.iter().position(|shadow| shadow.path.as_str() == path);
        let behind_link = match &finding.link {
            Some(wit::Link::Inside(target)) => position(target),
            _ => None,
        };
        let known = behind_link.or_else(|| position(path));
        match (known, RelPath::parse(path)) {
            // A link on the way that the policy did not report.
            (None, Ok(path)) => Ok(position(self.follow_links(&path)?.as_str())),
            (known, _) => Ok(known),
        }
    }
}
