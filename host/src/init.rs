//! The `paude.json` that `paude init` writes: what fits the files of the project.

mod tools;
mod write;

use serde::Serialize;

use crate::devcontainer::{self, Settings, Unused};
use crate::error::Result;
use crate::path::RelPath;
use crate::project_python::{self, ProjectPython};
use crate::value::DevcontainerChoice;
use crate::workspace::Workspace;
use tools::Tool;

pub(crate) use write::write;

/// The file that `$schema` names; `paude schema` prints its content.
const SCHEMA: &str = "paude.schema.json";

/// A file to write, and what was looked at.
#[derive(Debug)]
pub(crate) struct Proposal {
    /// The content of `paude.json`.
    pub(crate) text: String,
    /// Sentences for the user, unescaped.
    pub(crate) report: Vec<String>,
}

/// The keys that are written, in this order.
#[derive(Serialize)]
struct ProposedSettings<'a> {
    #[serde(rename = "$schema")]
    schema: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    devcontainer: Option<bool>,
    venv: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    setup: Option<String>,
}

/// Looks at the project and chooses the settings; with `from_devcontainer`, its
/// devcontainer.json goes first, and what that leaves open is added.
pub(crate) fn propose(workspace: &Workspace, from_devcontainer: bool) -> Result<Proposal> {
    let names = workspace.list_names("".as_ref());
    let names: Vec<&str> = names.iter().filter_map(|name| name.to_str()).collect();
    let mut found = tools::find(&names).into_iter();
    let (first, others) = (found.next(), found);
    let python = project_python::decide(workspace, None);
    let devcontainer = from_devcontainer.then(|| load_devcontainer(workspace)).transpose()?;

    let mut report = Vec::new();
    let tool = first.map(|(tool, file)| {
        report.push(format!("`{file}` is there: the setup is for {}", tool.name));
        (tool, tool.setup(file))
    });
    if tool.is_none() {
        report.push(format!("there is none of {}: no setup", tools::file_names()));
    }
    let others: Vec<_> = others.map(|(_, file)| format!("`{file}`")).collect();
    if !others.is_empty() {
        report.push(format!("not used: {}", others.join(", ")));
    }
    let (tool, setup) = tool.unzip();
    let image = choose_image(tool, &python, devcontainer.as_ref());
    if image.is_some() {
        report.push(python.reason);
    }
    match &devcontainer {
        Some(settings) => {
            report.push(format!("`{}` is used: {}", settings.file, settings.summary()));
        }
        None => report.extend(
            Unused::find(workspace)
                .map(|unused| format!("{} (--from-devcontainer uses it)", unused.message)),
        ),
    }
    report.push(format!("for your editor: paude schema > {SCHEMA}"));
    let settings = ProposedSettings {
        schema: SCHEMA,
        devcontainer: devcontainer.as_ref().map(|_| true),
        venv: venv(tool, devcontainer.as_ref()),
        image,
        setup: setup.filter(|_| devcontainer.as_ref().is_none_or(|file| file.setup.is_none())),
    };
    let text = serde_json::to_string_pretty(&settings).unwrap_or_default() + "\n";
    Ok(Proposal { text, report })
}

fn load_devcontainer(workspace: &Workspace) -> Result<Settings> {
    let choice = DevcontainerChoice::Search;
    let settings = devcontainer::load(&choice, workspace)?;
    settings.ok_or_else(|| devcontainer::missing_error(&choice))
}

/// The image to name: none where paude's own choice or the devcontainer.json has one.
fn choose_image(
    tool: Option<&Tool>,
    python: &ProjectPython,
    devcontainer: Option<&Settings>,
) -> Option<String> {
    let own = tool.and_then(|tool| tool.image(python));
    match devcontainer {
        None => own.or_else(|| python.series().map(|_| python.image())),
        Some(settings) if settings.is_compose => Some(own.unwrap_or_else(|| python.image())),
        Some(_) => None,
    }
}

/// What is hidden: what is recognised, what the devcontainer.json mounts over, and the place
/// where the setup creates an environment, so that a first one does not land on the host.
fn venv(tool: Option<&Tool>, devcontainer: Option<&Settings>) -> Vec<String> {
    let mut hidden: Vec<RelPath> = Vec::new();
    hidden.extend(devcontainer.into_iter().flat_map(|settings| settings.hidden.clone()));
    let place = tool.map_or(tools::VENV, |tool| tool.place);
    if let Ok(place) = RelPath::parse(place)
        && !hidden.iter().any(|path| path.is_within(&place) || place.is_within(path))
    {
        hidden.push(place);
    }
    // A directory may be called `auto` or begin with `!`.
    let entry = |path: &RelPath| match path.as_str() {
        text if text.starts_with(['.', '_']) => text.to_owned(),
        text => format!("./{text}"),
    };
    std::iter::once("auto".to_owned()).chain(hidden.iter().map(entry)).collect()
}
