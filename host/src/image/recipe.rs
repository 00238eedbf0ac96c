//! What an image is built from, as the settings say it, checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::ignore::IgnoreList;
use crate::config::BuildConfig;
use crate::error::{Error, Result};
use crate::escape::{brief, shown};
use crate::path::RelPath;
use crate::value::BuildSetting;
use crate::workspace::Workspace;

/// The maximum length of a Dockerfile and of a list of ignored files, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// The maximum length of an argument's value in bytes, as for the value of a variable.
const MAX_VALUE: usize = 120 << 10;

/// What one image is built from.
#[derive(Debug)]
pub(super) enum ImageRecipe {
    /// A Dockerfile of the project.
    Dockerfile(DockerfileRecipe),
    /// Packages over an image.
    Packages(Vec<String>),
}

/// A Dockerfile and what it is built with.
#[derive(Debug)]
pub(super) struct DockerfileRecipe {
    pub(super) path: RelPath,
    pub(super) text: Vec<u8>,
    /// The directory that COPY sees; `None` for the project's own.
    pub(super) context: Option<RelPath>,
    pub(super) args: BTreeMap<String, String>,
    pub(super) target: Option<String>,
    /// The text of the file with what is left out of the context; empty without one.
    pub(super) ignore_file: Vec<u8>,
    pub(super) ignored: IgnoreList,
}

impl ImageRecipe {
    /// The recipes of the settings, in the order in which they are built.
    pub(super) fn all(config: &BuildConfig, workspace: &Workspace) -> Result<Vec<Self>> {
        let mut recipes = Vec::new();
        if let Some(setting) = &config.dockerfile {
            recipes.push(Self::Dockerfile(DockerfileRecipe::read(setting, workspace)?));
        }
        if !config.packages.is_empty() {
            let mut names: Vec<_> = config.packages.iter().cloned().map(String::from).collect();
            names.sort();
            names.dedup();
            recipes.push(Self::Packages(names));
        }
        Ok(recipes)
    }

    /// A few words for messages.
    pub(super) fn title(&self) -> String {
        match self {
            Self::Dockerfile(recipe) => format!("`{}`", shown(recipe.path.as_str())),
            Self::Packages(names) => {
                let shown: Vec<_> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
                let more = if names.len() > shown.len() { ", ..." } else { "" };
                format!("packages {}{more}", shown.join(", "))
            }
        }
    }
}

impl DockerfileRecipe {
    /// The stage and the arguments that the instructions are run with, one line each.
    pub(super) fn details(&self) -> Vec<String> {
        let target = self.target.iter().map(|target| format!("target: `{}`", shown(target)));
        let args = self.args.iter();
        let args =
            args.map(|(name, value)| format!("argument: `{}={}`", shown(name), brief(value)));
        target.chain(args).collect()
    }

    /// Checks the setting, and reads the files that it names.
    fn read(setting: &BuildSetting, workspace: &Workspace) -> Result<Self> {
        let path = setting.dockerfile.as_deref().unwrap_or("Dockerfile");
        let path = project_path("dockerfile", path)?
            .ok_or_else(|| Error::usage("`build`: `dockerfile` is a directory"))?;
        if path.as_str().ends_with(".in") {
            let message =
                format!("`{}` would be preprocessed on this machine", shown(path.as_str()));
            return Err(Error::usage(message).hint("give it a name without `.in`"));
        }
        let context = project_path("context", setting.context.as_deref().unwrap_or("."))?;
        let args = setting.args.iter().flatten();
        let args = args.map(|(name, value)| (name.as_ref().to_owned(), value.clone()));
        let args: BTreeMap<_, _> = args.collect();
        if let Some((name, _)) = args.iter().find(|(_, value)| !is_argument(value)) {
            return Err(Error::usage(format!(
                "`build`: the value of `{name}` holds a NUL, or is longer than {} KiB",
                MAX_VALUE >> 10
            )));
        }
        let target = setting.target.clone();
        if let Some(target) = target.as_deref().filter(|target| !is_stage(target)) {
            return Err(Error::usage(format!("`build`: `{}` cannot be a stage", brief(target)))
                .hint("a stage is named in the Dockerfile: FROM IMAGE AS STAGE"));
        }
        let text = read(workspace, path.as_path())?.ok_or_else(|| {
            Error::usage(format!("there is no `{}` to build from", shown(path.as_str())))
                .hint("`build` has its path, relative to the project: {\"dockerfile\": \"..\"}")
        })?;
        let (ignore_file, ignored) = read_ignored(workspace, &path, context.as_ref())?;
        Ok(Self { path, text, context, args, target, ignore_file, ignored })
    }

    /// The path of an entry of the project, relative to the context; `None` if it is not in it.
    pub(super) fn in_context(&self, path: &RelPath) -> Option<PathBuf> {
        match &self.context {
            None => Some(path.as_path().to_owned()),
            Some(context) => {
                let inner = path.as_path().strip_prefix(context.as_path()).ok()?;
                (!inner.as_os_str().is_empty()).then(|| inner.to_owned())
            }
        }
    }
}

/// A path of the setting; `None` for the project's own directory.
fn project_path(key: &str, text: &str) -> Result<Option<RelPath>> {
    let fail = |fault: &str| {
        Error::usage(format!("`build`: `{key}` `{}` {fault}", brief(text)))
            .hint("it has to lie in the project, and is relative to it")
    };
    if text.contains("://") || text.starts_with("git@") {
        return Err(fail("is an address"));
    }
    if !text.is_empty()
        && text.split('/').all(|part| matches!(part, "" | "."))
        && !text.starts_with('/')
    {
        return Ok(None);
    }
    RelPath::from_user_input(text).map(Some).map_err(|fault| fail(&fault.to_string()))
}

fn is_argument(value: &str) -> bool {
    value.len() <= MAX_VALUE && !value.contains('\0')
}

fn is_stage(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// The first file that says what is left out: beside the Dockerfile one of its name, then the
/// two usual ones of the context.
fn read_ignored(
    workspace: &Workspace,
    dockerfile: &RelPath,
    context: Option<&RelPath>,
) -> Result<(Vec<u8>, IgnoreList)> {
    let context = context.map_or(Path::new(""), RelPath::as_path);
    let files = [
        PathBuf::from(format!("{dockerfile}.dockerignore")),
        context.join(".containerignore"),
        context.join(".dockerignore"),
    ];
    for file in files {
        if let Some(bytes) = read(workspace, &file)? {
            let list = IgnoreList::parse(&String::from_utf8_lossy(&bytes)).map_err(|fault| {
                Error::usage(format!("`{}`: {fault}", shown(&file.to_string_lossy())))
            })?;
            return Ok((bytes, list));
        }
    }
    Ok((Vec::new(), IgnoreList::default()))
}

fn read(workspace: &Workspace, path: &Path) -> Result<Option<Vec<u8>>> {
    workspace.read(path, MAX_FILE).map_err(|error| {
        let path = shown(&path.to_string_lossy()).into_owned();
        Error::usage(format!("cannot read `{path}`: {error}"))
            .hint("it must be a regular file inside the project")
            .caused_by(error)
    })
}
