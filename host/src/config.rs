//! What was asked for: argv over `paude.json` over the person's own file.
//!
//! `paude.json` comes with the repository and is foreign. What it may not grant
//! is refused while it is read ([`file::Grant`]), so the merge cannot leak it.

mod file;
mod load;
#[cfg(any(test, fuzzing))]
pub(crate) mod oracle;
mod policies;

use std::time::Duration;

pub use file::schema;
pub use policies::{PolicyChoice, PolicySource};

use crate::cli;
use crate::error::{Error, Result};
use crate::escape::shown;
use crate::path::RelPath;
use crate::value::{EngineChoice, EnvName, Image, Storage, Venv};
use crate::workspace::Workspace;

/// How deep nested projects are looked for unless something else is said.
const DEFAULT_DEPTH: u32 = 3;
/// Bytes of a setup or a variable. Linux lets an argument have 128 KiB (execve(2)), and
/// engines take a variable together with its name.
const LONGEST: usize = 120 << 10;
/// How much time a policy has unless the person gives it more.
pub(crate) const DEFAULT_POLICY_TIMEOUT: Duration = Duration::from_secs(2);

/// Which directories to hide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// What the policy recognises.
    Auto,
    /// None.
    Off,
    /// Exactly these, in the order given, each once.
    Listed(Vec<RelPath>),
}

/// Everything that was asked for, checked as far as it can be without looking at
/// the project.
#[derive(Debug)]
pub struct Config {
    /// Which directories to hide.
    pub selection: Selection,
    /// How deep nested projects are looked for.
    pub depth: u32,
    /// What to run by `/bin/sh` before the command.
    pub setup: Option<String>,
    /// The container image, if one was named.
    pub image: Option<Image>,
    /// Variables of the container; a later one wins.
    pub env: Vec<(String, String)>,
    /// Size limit of each shadow in bytes.
    pub size: Option<u64>,
    /// What stands behind each shadow.
    pub storage: Storage,
    /// What decides, in order; at least one.
    pub policies: Vec<PolicyChoice>,
    /// How much wall time each of them has.
    pub policy_timeout: Duration,
    /// Whether machine code of a policy is kept for later runs.
    pub policy_cache: bool,
    /// What runs the container.
    pub engine: EngineChoice,
    /// As whom, if not as the default says.
    pub user: Option<String>,
    /// Further arguments of podman or docker.
    pub engine_args: Vec<String>,
    /// What the person should know about their files.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads both files and merges them under what was typed.
    pub fn load(cli: &cli::Project, workspace: &Workspace) -> Result<Self> {
        let (person, mut warnings) = load::person()?;
        let (project, more) = load::project(workspace)?;
        warnings.extend(more);

        let selection = match selection_typed(&cli.venv)? {
            Some(selection) => selection,
            None => project.venv.or(person.venv).map_or(Ok(Selection::Auto), selection)?,
        };
        let setup = match (cli.no_setup, &cli.setup) {
            (true, _) => None,
            (_, Some(setup)) => Some(setup.clone()),
            _ => project.setup.or(person.setup),
        };
        let policies = policies::choose(&cli.policy, project.policy, person.policy)?;
        let mut env = Vec::new();
        for file in [person.env, project.env].into_iter().flatten() {
            env.extend(file.into_iter().map(|(name, value)| (name.into(), value)));
        }
        env.extend(env_typed(&cli.env)?);
        let texts = env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (what, text) in texts.chain(setup.as_deref().map(|text| ("setup", text))) {
            if text.contains('\0') {
                return Err(Error::usage(format!(
                    "`{what}` holds a NUL, which no program can take"
                )));
            }
            if text.len() > LONGEST {
                let most = LONGEST >> 10;
                return Err(Error::usage(format!(
                    "`{what}` is longer than {most} KiB, which no program can take"
                ))
                .hint("put it into a file of the project"));
            }
        }
        let storage = cli.storage.or(project.storage).or(person.storage).unwrap_or_default();
        let size = cli.size.or(project.size).or(person.size).map(u64::from);
        if let (Storage::Volume, Some(_)) = (storage, size) {
            warnings.push("`size` limits what is in memory, and has no effect on a volume".into());
        }
        let mut engine_args = person.engine_args.0.unwrap_or_default();
        engine_args.extend(cli.engine_arg.iter().cloned());

        Ok(Self {
            selection,
            depth: cli
                .depth
                .or(project.depth.or(person.depth).map(u32::from))
                .unwrap_or(DEFAULT_DEPTH),
            setup: setup.filter(|text| !text.trim().is_empty()),
            image: cli.image.clone().or(project.image).or(person.image),
            env,
            size,
            storage,
            policies,
            policy_timeout: cli
                .policy_timeout
                .or(person.policy_timeout.0)
                .map_or(DEFAULT_POLICY_TIMEOUT, Duration::from),
            policy_cache: !cli.no_policy_cache,
            engine: cli.engine.or(person.engine.0).unwrap_or_default(),
            user: cli.user.clone().or(person.user.0),
            engine_args,
            warnings,
        })
    }
}

/// `--venv`, where `auto` and `none` are words and stand alone.
fn selection_typed(typed: &[String]) -> Result<Option<Selection>> {
    match typed {
        [] => Ok(None),
        [word] if word == "auto" => Ok(Some(Selection::Auto)),
        [word] if word == "none" => Ok(Some(Selection::Off)),
        words if words.iter().any(|word| word == "auto" || word == "none") => {
            Err(Error::usage("--venv auto and --venv none stand alone")
                .hint("write ./auto for a directory of that name"))
        }
        words => selection(Venv::Listed(words.to_vec())).map(Some),
    }
}

/// Parses each path of a list, and drops what is said twice.
fn selection(venv: Venv) -> Result<Selection> {
    let list = match venv {
        Venv::Auto => return Ok(Selection::Auto),
        Venv::None => return Ok(Selection::Off),
        Venv::Listed(list) => list,
    };
    let mut paths = Vec::with_capacity(list.len());
    for text in &list {
        let path = RelPath::typed(text).map_err(|fault| {
            Error::usage(format!("venv `{}` {fault}", shown(text))).hint(
                "name a directory inside the project, such as `.venv` or `packages/api/.venv`",
            )
        })?;
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    for inner in &paths {
        if let Some(outer) = paths.iter().find(|outer| *outer != inner && inner.is_within(outer)) {
            let (inner, outer) = (shown(inner.as_str()), shown(outer.as_str()));
            return Err(Error::usage(format!("venv `{inner}` lies within `{outer}`, also listed"))
                .hint(format!("leave out `{inner}`: `{outer}` is empty in the container")));
        }
    }
    Ok(Selection::Listed(paths))
}

/// `-e NAME=VALUE` sets, `-e NAME` passes the person's own value on if there is one.
fn env_typed(typed: &[String]) -> Result<Vec<(String, String)>> {
    let mut env = Vec::with_capacity(typed.len());
    for text in typed {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text.as_str(), load::own_variable(text)?),
        };
        let name = EnvName::try_from(name.to_owned())
            .map_err(|fault| Error::usage(format!("--env `{}`: {fault}", shown(text))))?;
        env.extend(value.map(|value| (name.into(), value)));
    }
    Ok(env)
}
