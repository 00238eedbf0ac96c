//! What was found so far, and the order in which it is returned.

use super::exceptions::covers;
use super::names::{PDM, USUAL, VENV};
use super::walk::{LeftOut, Project};
use crate::marker::Evidence;
use crate::path::{MAX_PATH, is_within, join, parent, shown};
use crate::types::{Finding, Findings, Kind, Link, Note, Severity};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// More notes than a user reads; the rest is counted.
const MAX_NOTES: usize = 100;

/// How important a note is, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// An environment of the host is open.
    Open,
    /// Something could not be looked at, or hidden.
    Risk,
    /// Something could land on the host.
    Advice,
    /// Information.
    Info,
}

/// Collects in any order; returns it sorted.
#[derive(Default)]
pub(super) struct Collector {
    found: Vec<Finding>,
    /// Each with its rank, by which those that are shown are chosen.
    notes: Vec<(Rank, Note)>,
    /// Environments of an interpreter other than plain CPython, and which it is.
    implementations: Vec<(String, &'static str)>,
    /// Paths that are links, if they are environments at all.
    links: Vec<String>,
    /// Environments that the user wants to stay open.
    open: Vec<String>,
}

impl Collector {
    /// Adds an environment at `path`, which is a link if it leads to a `target`; the reason is
    /// the evidence's own, or this one.
    pub(super) fn environment(
        &mut self,
        path: &str,
        target: Option<String>,
        evidence: Evidence,
        reason: &str,
    ) {
        if let Some(implementation) = evidence.pyvenv.implementation {
            self.implementations.push((path.to_string(), implementation));
        }
        let reason = if reason.is_empty() { evidence.reason } else { reason };
        self.found(evidence.finding(path, target, reason.to_string()));
    }

    pub(super) fn found(&mut self, finding: Finding) {
        self.found.push(finding);
    }

    /// Remembers that this path, if it is hidden, is a link.
    pub(super) fn link(&mut self, path: &str) {
        self.links.push(path.to_string());
    }

    /// A link that only the host can follow.
    pub(super) fn outside(&mut self, path: &str, reason: &str) {
        self.found(Finding {
            path: path.to_string(),
            kind: Kind::Unseen,
            python: None,
            home: None,
            link: Some(Link::Outside),
            reason: reason.to_string(),
        });
    }

    pub(super) fn info(&mut self, path: &str, message: &str) {
        self.note(Rank::Info, path, message);
    }

    pub(super) fn warn(&mut self, path: &str, message: &str) {
        self.note(Rank::Risk, path, message);
    }

    /// Warns about an environment of the host that the container sees.
    pub(super) fn warn_open(&mut self, path: &str, message: &str) {
        self.note(Rank::Open, path, message);
    }

    /// Warns about an environment that does not exist yet.
    pub(super) fn advise(&mut self, path: &str, message: &str) {
        self.note(Rank::Advice, path, message);
    }

    /// A place that could not be looked at.
    pub(super) fn unread(&mut self, path: &str, error: &crate::tree::Error) {
        self.warn(path, &format!("cannot be read ({error}); an environment there is not hidden"));
    }

    fn note(&mut self, rank: Rank, path: &str, message: &str) {
        // The root is not a path: a note about it has none.
        let path = (!path.is_empty()).then(|| path.to_string());
        let message = shown(message);
        let severity = if rank == Rank::Info { Severity::Info } else { Severity::Warning };
        self.notes.push((rank, Note { severity, path, message }));
    }

    /// Reports how much of the project was left out, and by which bound.
    pub(super) fn not_walked(&mut self, left_out: &LeftOut, depth: u32) {
        let what = |n: usize| match n {
            1 => "1 directory was not searched for environments".to_string(),
            _ => format!("{n} directories were not searched for environments"),
        };
        let LeftOut { too_deep, skipped, too_long } = *left_out;
        if too_deep > 0 {
            self.info("", &format!("{}: more than {depth} deep (`depth`)", what(too_deep)));
        }
        if skipped > 0 {
            self.info("", &format!("{} (`skip`)", what(skipped)));
        }
        if too_long > 0 {
            let bound = format!("with a path longer than {MAX_PATH} bytes");
            self.warn("", &format!("{}: {bound}", what(too_long)));
        }
    }

    /// Drops the findings in `dir`, which is to stay open, and those for the same directories
    /// under other names; returns how many there were.
    pub(super) fn drop_within(&mut self, dir: &str) -> usize {
        let before = self.found.len();
        let open = self.found.iter().filter(|finding| covers(dir, &finding.path, finding.inside()));
        let open: BTreeSet<_> = open.map(|finding| finding.target().to_string()).collect();
        self.found.retain(|finding| !open.contains(finding.target()));
        self.open.push(dir.to_string());
        before - self.found.len()
    }

    /// The finding in which `path` lies.
    pub(super) fn found_around(&self, path: &str) -> Option<&str> {
        self.found.iter().map(Finding::target).filter(|outer| is_within(path, outer)).min()
    }

    /// Whether no environment was found; a reserved directory is none.
    pub(super) fn is_empty(&self) -> bool {
        self.found.iter().all(|finding| finding.kind == Kind::Reserved)
    }

    /// Whether an environment that a tool makes in a project would not be a new one: it is
    /// there, is reserved, or is to stay open.
    pub(super) fn has_environment_in(&self, project: &Project) -> bool {
        let venv = join(&project.path, VENV);
        let pep582 = |finding: &Finding| finding.kind == Kind::Other("pep582".to_string());
        let made_by_pdm = project.command == Some(PDM);
        self.open.iter().any(|open| is_within(&venv, open))
            || self.found.iter().any(|finding| {
                let beside = parent(&finding.path) == project.path;
                is_within(&venv, &finding.path)
                    || beside && made_by_pdm && pep582(finding)
                    || beside && project.command.is_none() && !is_tool_dir(finding)
            })
    }

    /// The findings sorted, and one of several for the same directory.
    fn sorted(&mut self) -> Vec<Finding> {
        let mut found = core::mem::take(&mut self.found);
        // Stable: of two for one path, the first was found and not only listed.
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found.dedup_by(|later, first| later.path == first.path);
        let mut seen = BTreeSet::new();
        for finding in &found {
            if finding.link.is_none() {
                seen.insert(finding.path.clone());
            }
        }
        found.retain(|finding| {
            finding.inside().is_none_or(|target| seen.insert(target.to_string()))
        });
        found
    }

    /// The path of the environment whose `bin` comes first on PATH: the first that was listed,
    /// else the one in the root whose name is the most usual, else the only one there.
    fn primary(found: &[Finding], listed: Option<&str>) -> Option<String> {
        let at = |path: &str| {
            let is_there = |finding: &&Finding| finding.path == path || finding.target() == path;
            found.iter().find(is_there)
        };
        if let Some(listed) = listed {
            return at(listed).map(|finding| finding.path.clone());
        }
        let mut in_root =
            found.iter().filter(|finding| !finding.path.contains('/') && !is_tool_dir(finding));
        let only = match (in_root.next(), in_root.next()) {
            (only, None) => only,
            _ => None,
        };
        USUAL.into_iter().find_map(at).or(only).map(|finding| finding.path.clone())
    }

    /// The result; with `hide` unset, the findings are only reported.
    pub(super) fn finish(mut self, hide: bool, listed: &[String]) -> Findings {
        let first = listed.first().map(|first| {
            let found = self.found.iter().find(|finding| finding.path == *first);
            found.map_or(first.clone(), |finding| finding.target().to_string())
        });
        let mut environments = self.sorted();
        let mut primary = Self::primary(&environments, first.as_deref());
        if !hide {
            primary = None;
            // What lies outside is not in the container at all.
            environments.retain(|finding| finding.kind != Kind::Unseen);
            for finding in core::mem::take(&mut environments) {
                let what = format!("an environment of the host ({})", finding.reason);
                let message = format!("{what} is not hidden: the container sees it broken");
                self.warn_open(&finding.path, &message);
            }
        }
        for link in core::mem::take(&mut self.links) {
            if environments.iter().any(|finding| finding.path == link) {
                let what = "is a link: `python -m venv` refuses to make an environment there, uv \
                            and virtualenv do not";
                self.info(&link, what);
            }
        }
        let other = |(path, _): &&(String, _)| primary.as_ref() == Some(path);
        if let Some((path, name)) = self.implementations.iter().find(other).cloned() {
            let what = format!("was made with {name}; the default image has plain CPython");
            self.info(&path, &format!("{what}: name another with `--image`"));
        }
        self.sort_notes();
        let notes = self.notes.into_iter().map(|(_, note)| note).collect();
        Findings { environments, primary, notes }
    }

    /// By rank, so that many notes of little importance leave room for the others; then by
    /// path: an order which that of a listing cannot change.
    fn sort_notes(&mut self) {
        self.notes.sort_unstable_by(|(rank, a), (other, b)| {
            (rank, &a.path, &a.message).cmp(&(other, &b.path, &b.message))
        });
        self.notes.dedup();
        let more = self.notes.len().saturating_sub(MAX_NOTES);
        if more > 0 {
            self.notes.truncate(MAX_NOTES);
            self.warn("", &format!("{more} more notes are not shown"));
        }
    }
}

/// Whether it is a directory in which a tool keeps environments.
fn is_tool_dir(finding: &Finding) -> bool {
    matches!(finding.kind, Kind::Other(_))
}
