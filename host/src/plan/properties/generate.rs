//! Results of policies, generated from bytes: correct ones, and ones with any number of faults.

use std::collections::BTreeMap;
use std::time::Duration;

use arbitrary::{Result, Unstructured};

use super::fixture::{CORRECT, PATHS};
use crate::config::{Config, Selection};
use crate::deadline::Deadline;
use crate::path::{ContainerPath, HostPath, RelPath};
use crate::plan::{Further, FurtherKind, Plan, Shadow};
use crate::project_python::ProjectPython;
use crate::testing::hostile_text;
use crate::value::{Network, Storage};
use crate::wit;
use crate::workspace::Identity;

/// A configuration, and a result that some policy returns for it.
pub(super) fn result(u: &mut Unstructured<'_>) -> Result<(wit::RawPlan, Config)> {
    let size = u.ratio(1, 4)?.then_some(1 << 20);
    let listed = list(u, 3, path)?;
    let listed = listed.iter().filter_map(|path| RelPath::parse(path).ok()).collect();
    let selection = match u.int_in_range(0..=5)? {
        0..=2 => Selection::AUTO,
        3 => Selection::Off,
        _ => Selection::Listed(listed),
    };
    let backing = wit::Backing::Tmpfs;
    let layout = wit::Layout { workspace: "/workspace".to_owned(), backing, size };

    let mut environments = list(u, 4, finding)?;
    let selection = match selection {
        // A correct policy returns the listed paths.
        Selection::Listed(_) if u.ratio(3, 4)? => {
            let paths =
                environments.iter().filter_map(|finding| RelPath::parse(&finding.path).ok());
            Selection::Listed(paths.collect())
        }
        other => other,
    };
    if u.ratio(7, 8)? {
        environments.sort_by(|a, b| a.path.cmp(&b.path));
        environments.dedup_by(|a, b| a.path == b.path);
    }
    let mut mounts = vec![wit::Mount::Workspace(layout.workspace.clone())];
    for finding in &environments {
        let path = match &finding.link {
            Some(wit::Link::Inside(target)) => target,
            _ => &finding.path,
        };
        mounts.push(wit::Mount::Shadow(wit::Shadow { path: path.clone(), backing, size }));
    }
    let notes = list(u, 2, note)?;
    if u.ratio(1, 4)? {
        corrupt(u, &mut mounts)?;
    }
    let findings = wit::Findings { environments, primary: None, notes };
    let plan = wit::Plan { mounts, notes: list(u, 1, note)? };
    Ok((
        wit::RawPlan { findings, plan, layout, backings: BTreeMap::new() },
        config(selection, size),
    ))
}

/// A configuration with this selection and size, and without policies.
pub(super) fn config(selection: Selection, size: Option<u64>) -> Config {
    Config { selection, size, policies: Vec::new(), ..Config::default() }
}

fn list<'a, T>(
    u: &mut Unstructured<'a>,
    max_length: usize,
    item: fn(&mut Unstructured<'a>) -> Result<T>,
) -> Result<Vec<T>> {
    (0..u.int_in_range(0..=max_length)?).map(|_| item(u)).collect()
}

fn path(u: &mut Unstructured<'_>) -> Result<String> {
    match u.int_in_range(0..=9)? {
        0 => hostile_text::string(u),
        1 => Ok(format!("{}/{}", u.choose(&PATHS)?, u.choose(&PATHS)?)),
        _ => u.choose(&PATHS).map(|&path| path.to_owned()),
    }
}

fn finding(u: &mut Unstructured<'_>) -> Result<wit::Finding> {
    let (path, kind, link) = u.choose(&CORRECT)?.clone();
    let link = match link {
        "" => None,
        "=" => Some(wit::Link::Outside),
        inside => Some(wit::Link::Inside(inside.to_owned())),
    };
    let reason = hostile_text::string(u)?;
    match u.ratio(1, 8)? {
        true => arbitrary_finding(u),
        false => {
            Ok(wit::Finding { path: path.to_owned(), kind, python: None, home: None, link, reason })
        }
    }
}

fn arbitrary_finding(u: &mut Unstructured<'_>) -> Result<wit::Finding> {
    Ok(wit::Finding {
        path: path(u)?,
        kind: match u.int_in_range(0..=6)? {
            0 | 1 => wit::Kind::Venv,
            2 => wit::Kind::Conda,
            3 => wit::Kind::Unmarked,
            4 => wit::Kind::Reserved,
            5 => wit::Kind::Unseen,
            _ => wit::Kind::Other(hostile_text::string(u)?),
        },
        python: u.ratio(1, 4)?.then(|| hostile_text::string(u)).transpose()?,
        home: u.ratio(1, 4)?.then(|| hostile_text::string(u)).transpose()?,
        link: match u.int_in_range(0..=5)? {
            0 => Some(wit::Link::Inside(path(u)?)),
            1 => Some(wit::Link::Outside),
            _ => None,
        },
        reason: hostile_text::string(u)?,
    })
}

fn note(u: &mut Unstructured<'_>) -> Result<wit::Note> {
    let severity = if u.arbitrary()? { wit::Severity::Info } else { wit::Severity::Warning };
    let path = u.ratio(1, 2)?.then(|| path(u)).transpose()?;
    Ok(wit::Note { severity, path, message: hostile_text::string(u)? })
}

/// Adds, removes, duplicates or changes one mount.
fn corrupt(u: &mut Unstructured<'_>, mounts: &mut Vec<wit::Mount>) -> Result<()> {
    let index = u.choose_index(mounts.len().max(1))?;
    match u.int_in_range(0..=5)? {
        0 if index < mounts.len() => drop(mounts.remove(index)),
        1 => mounts.extend(mounts.get(index).cloned()),
        2 => mounts.push(wit::Mount::Workspace(hostile_text::string(u)?)),
        3 => mounts.push(wit::Mount::Shadow(wit::Shadow {
            path: path(u)?,
            backing: if u.arbitrary()? { wit::Backing::Tmpfs } else { wit::Backing::Volume },
            size: u.arbitrary()?,
        })),
        4 => {
            if let Some(wit::Mount::Shadow(shadow)) = mounts.get_mut(index) {
                shadow.path = path(u)?;
            }
        }
        _ => mounts.reverse(),
    }
    Ok(())
}

impl Plan {
    /// A plan that was never checked, to test renderers with: any workspace, shadows anywhere, and
    /// at most one further directory. `None` for a workspace that no container can have.
    pub(crate) fn generated(u: &mut Unstructured<'_>) -> Result<Option<Self>> {
        let Some(mut plan) = Self::generated_part(u)? else { return Ok(None) };
        if u.ratio(1, 2)?
            && let Some(part) = Self::generated_part(u)?
        {
            let (kind, read_only) = (FurtherKind::With, u.arbitrary()?);
            let identity = Identity { inode: Some(8), witness: None };
            plan.further.push(Further { plan: part, kind, read_only, identity });
        }
        Ok(Some(plan))
    }

    fn generated_part(u: &mut Unstructured<'_>) -> Result<Option<Self>> {
        let root = std::path::Path::new("/");
        let workspace = root.join(hostile_text::path(u)?);
        let Some(target) = ContainerPath::new(&workspace) else { return Ok(None) };
        let mut shadows = Vec::new();
        for _ in 0..u.int_in_range(0..=3)? {
            let text = hostile_text::path(u)?.to_string_lossy().replace(char::is_control, "_");
            let Ok(path) = RelPath::parse(&text) else { continue };
            let outside = ContainerPath::new(&root.join(hostile_text::path(u)?));
            let target = match outside {
                Some(outside) if u.ratio(1, 4)? => outside,
                _ => target.join(&path),
            };
            shadows.push(Shadow {
                path,
                target,
                size: u.arbitrary()?,
                storage: if u.arbitrary()? { Storage::Volume } else { Storage::Tmpfs },
                kind: crate::plan::FindingKind::Venv,
                python: None,
                home: None,
                reason: String::new(),
            });
        }
        let primary = (!shadows.is_empty()).then_some(0);
        let workspace = HostPath::assumed(workspace);
        let time_left = Deadline::after(Duration::from_secs(60)).pause();
        Ok(Some(Self {
            workspace,
            target,
            shadows,
            notes: Vec::new(),
            primary,
            time_left,
            network: Network::Engine,
            python: ProjectPython::default(),
            further: Vec::new(),
        }))
    }
}
