//! Answers drawn from bytes: honest ones, spoiled in any number of ways.

use arbitrary::{Result, Unstructured};

use super::fixture::{HONEST, PATHS};
use crate::config::{Config, Selection};
use crate::oracle::words;
use crate::path::{ContainerPath, HostPath, RelPath};
use crate::plan::{Plan, Shadow};
use crate::value::EngineChoice;
use crate::wit;

/// What was asked, and what some policy says to it.
pub(super) fn question_and_answer(u: &mut Unstructured<'_>) -> Result<(wit::RawPlan, Config)> {
    let size = u.ratio(1, 4)?.then_some(1 << 20);
    let listed = several(u, 3, path)?;
    let listed = listed.iter().filter_map(|path| RelPath::parse(path).ok()).collect();
    let selection = match u.int_in_range(0..=5)? {
        0..=2 => Selection::Auto,
        3 => Selection::Off,
        _ => Selection::Listed(listed),
    };
    let backing = wit::Backing::Tmpfs;
    let layout = wit::Layout { workspace: "/workspace".to_owned(), backing, size };

    let mut environments = several(u, 4, finding)?;
    let selection = match selection {
        // An honest policy answers what it was asked.
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
    let notes = several(u, 2, note)?;
    if u.ratio(1, 4)? {
        spoil(u, &mut mounts)?;
    }
    let findings = wit::Findings { environments, notes };
    let plan = wit::Plan { mounts, notes: several(u, 1, note)? };
    Ok((wit::RawPlan { findings, plan, layout }, config(selection, size)))
}

/// Nothing asked for but this.
pub(super) fn config(selection: Selection, size: Option<u64>) -> Config {
    Config {
        selection,
        depth: 3,
        setup: None,
        image: None,
        env: Vec::new(),
        size,
        storage: crate::value::Storage::Tmpfs,
        policies: Vec::new(),
        policy_timeout: std::time::Duration::ZERO,
        policy_cache: false,
        engine: EngineChoice::Auto,
        user: None,
        engine_args: Vec::new(),
        warnings: Vec::new(),
    }
}

fn several<'a, T>(
    u: &mut Unstructured<'a>,
    most: usize,
    one: fn(&mut Unstructured<'a>) -> Result<T>,
) -> Result<Vec<T>> {
    (0..u.int_in_range(0..=most)?).map(|_| one(u)).collect()
}

fn path(u: &mut Unstructured<'_>) -> Result<String> {
    match u.int_in_range(0..=9)? {
        0 => words::string(u),
        1 => Ok(format!("{}/{}", u.choose(&PATHS)?, u.choose(&PATHS)?)),
        _ => u.choose(&PATHS).map(|&path| path.to_owned()),
    }
}

fn finding(u: &mut Unstructured<'_>) -> Result<wit::Finding> {
    let (path, kind, link) = u.choose(&HONEST)?.clone();
    let link = match link {
        "" => None,
        "=" => Some(wit::Link::Outside),
        inside => Some(wit::Link::Inside(inside.to_owned())),
    };
    let reason = words::string(u)?;
    match u.ratio(1, 8)? {
        true => wild_finding(u),
        false => {
            Ok(wit::Finding { path: path.to_owned(), kind, python: None, home: None, link, reason })
        }
    }
}

fn wild_finding(u: &mut Unstructured<'_>) -> Result<wit::Finding> {
    Ok(wit::Finding {
        path: path(u)?,
        kind: match u.int_in_range(0..=6)? {
            0 | 1 => wit::Kind::Venv,
            2 => wit::Kind::Conda,
            3 => wit::Kind::Unmarked,
            4 => wit::Kind::Reserved,
            5 => wit::Kind::Unseen,
            _ => wit::Kind::Other(words::string(u)?),
        },
        python: u.ratio(1, 4)?.then(|| words::string(u)).transpose()?,
        home: u.ratio(1, 4)?.then(|| words::string(u)).transpose()?,
        link: match u.int_in_range(0..=5)? {
            0 => Some(wit::Link::Inside(path(u)?)),
            1 => Some(wit::Link::Outside),
            _ => None,
        },
        reason: words::string(u)?,
    })
}

fn note(u: &mut Unstructured<'_>) -> Result<wit::Note> {
    let severity = if u.arbitrary()? { wit::Severity::Info } else { wit::Severity::Warning };
    let path = u.ratio(1, 2)?.then(|| path(u)).transpose()?;
    Ok(wit::Note { severity, path, message: words::string(u)? })
}

/// Adds, drops, doubles or bends one mount.
fn spoil(u: &mut Unstructured<'_>, mounts: &mut Vec<wit::Mount>) -> Result<()> {
    let at = u.choose_index(mounts.len().max(1))?;
    match u.int_in_range(0..=5)? {
        0 if at < mounts.len() => drop(mounts.remove(at)),
        1 => mounts.extend(mounts.get(at).cloned()),
        2 => mounts.push(wit::Mount::Workspace(words::string(u)?)),
        3 => mounts.push(wit::Mount::Shadow(wit::Shadow {
            path: path(u)?,
            backing: if u.arbitrary()? { wit::Backing::Tmpfs } else { wit::Backing::Volume },
            size: u.arbitrary()?,
        })),
        4 => {
            if let Some(wit::Mount::Shadow(shadow)) = mounts.get_mut(at) {
                shadow.path = path(u)?;
            }
        }
        _ => mounts.reverse(),
    }
    Ok(())
}

impl Plan {
    /// A plan as if checked, for renderers: any workspace, shadows anywhere. `None` for
    /// a workspace that no container can have.
    pub(crate) fn drawn(u: &mut Unstructured<'_>) -> Result<Option<Self>> {
        let root = std::path::Path::new("/");
        let workspace = root.join(words::path(u)?);
        let Some(target) = ContainerPath::new(&workspace) else { return Ok(None) };
        let mut shadows = Vec::new();
        for _ in 0..u.int_in_range(0..=3)? {
            let text = words::path(u)?.to_string_lossy().replace(char::is_control, "_");
            let Ok(path) = RelPath::parse(&text) else { continue };
            let outside = ContainerPath::new(&root.join(words::path(u)?));
            let target = match outside {
                Some(outside) if u.ratio(1, 4)? => outside,
                _ => target.join(&path),
            };
            shadows.push(Shadow {
                path,
                target,
                size: u.arbitrary()?,
                storage: crate::value::Storage::Tmpfs,
                kind: "venv".to_owned(),
                python: None,
                home: None,
                reason: String::new(),
            });
        }
        let listed = shadows.first().map(|shadow| shadow.path.clone()).into_iter().collect();
        let workspace = HostPath::assumed(workspace);
        Ok(Some(Self { workspace, target, shadows, notes: Vec::new(), listed }))
    }
}
