//! The configuration of a run: the command line over `paude.json`, over a devcontainer.json if one
//! is used, over the user's `config.json`.
//!
//! `paude.json` comes with the repository and is untrusted. What it may not set is refused while
//! it is read (`Grant` in `settings_file`), so merging cannot let it through.

mod builds;
mod builtin_policy;
mod devcontainer;
mod load;
mod policies;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;
mod selection;
mod settings_file;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

pub(crate) use builds::BuildConfig;
pub(crate) use builtin_policy::BuiltinPolicy;
pub(crate) use policies::{PolicyChoice, PolicySource, StoredPolicy};
pub(crate) use selection::{Changes, Selection};
pub(crate) use settings_file::schema;

use crate::cli::ProjectArgs;
use crate::engine::EngineChoice;
use crate::error::{Error, Result};
use crate::escape::shown;
use crate::value::{
    DevcontainerChoice, EnvName, Image, Network, SharedDir, StorageChoice, UserIds,
};
use crate::workspace::Workspace;
use devcontainer::Devcontainer;
use settings_file::{ProjectFile, SettingsFile, UserFile};

/// The maximum length of a setup or of a variable's value in bytes: Linux allows an argument
/// 128 KiB (execve(2)), and engines take a variable together with its name.
const MAX_TEXT: usize = 120 << 10;

/// All settings of a run, checked as far as that is possible without looking at the project.
#[derive(Debug)]
pub struct Config {
    /// Which directories to hide.
    pub(crate) selection: Selection,
    /// How many directories deep environments are looked for; any number if absent.
    pub(crate) depth: Option<u32>,
    /// Names and paths of directories in which environments are not looked for.
    pub(crate) skip: Vec<String>,
    /// The script that `/bin/sh` runs before the command.
    pub(crate) setup: Option<String>,
    /// The container image, if one was named.
    pub(crate) image: Option<Image>,
    /// What is built, in place of the image or over it.
    pub(crate) builds: BuildConfig,
    /// Variables of the container; a later one wins.
    pub(crate) env: Vec<(String, String)>,
    /// Shell text that sets further variables in the container; may be empty.
    pub(crate) variables: String,
    /// Whether a devcontainer.json that is there would be used, had a setting named it.
    pub(crate) may_suggest_devcontainer: bool,
    /// The size limit of each shadow in bytes.
    pub(crate) size: Option<u64>,
    /// What is mounted over each hidden directory.
    pub(crate) storage: StorageChoice,
    /// Whether what package managers download is kept.
    pub(crate) cache: bool,
    /// The policies to run, in order; at least one.
    pub(crate) policies: Vec<PolicyChoice>,
    /// The wall time of each policy, if not the default.
    pub(crate) policy_timeout: Option<Duration>,
    /// Whether the machine code of policies is cached for later runs.
    pub(crate) policy_cache: bool,
    /// The engine that runs the container.
    pub(crate) engine: EngineChoice,
    /// The container user, if not the default.
    pub(crate) user: Option<UserIds>,
    /// Further arguments of podman or docker.
    pub(crate) engine_args: Vec<String>,
    /// What the container can reach.
    pub(crate) network: Network,
    /// The directories that are shared besides the project.
    pub(crate) with: Vec<SharedDir>,
    /// Whether the git directory of a worktree or submodule is shared.
    pub(crate) with_git: bool,
    /// Warnings about the settings.
    pub(crate) warnings: Vec<String>,
}

/// The configuration without any setting.
impl Default for Config {
    fn default() -> Self {
        Self {
            selection: Selection::AUTO,
            depth: None,
            skip: Vec::new(),
            setup: None,
            image: None,
            builds: BuildConfig::default(),
            env: Vec::new(),
            variables: String::new(),
            may_suggest_devcontainer: true,
            size: None,
            storage: StorageChoice::default(),
            cache: false,
            policies: vec![PolicyChoice::DEFAULT],
            policy_timeout: None,
            policy_cache: true,
            engine: EngineChoice::default(),
            user: None,
            engine_args: Vec::new(),
            network: Network::default(),
            with: Vec::new(),
            with_git: false,
            warnings: Vec::new(),
        }
    }
}

impl Config {
    /// Reads both settings files and merges them with the command line.
    pub fn load(cli: &ProjectArgs, workspace: &Workspace) -> Result<Self> {
        let (user_file, mut warnings) = load::read_user_file()?;
        let (project_file, more) = load::read_project_file(workspace)?;
        warnings.extend(more);
        let choices = [&cli.devcontainer, &project_file.devcontainer, &user_file.devcontainer];
        let devcontainer = Devcontainer::load(choices, workspace)?;
        warnings.extend(devcontainer.warnings.iter().cloned());
        Self::merge(cli, project_file, devcontainer, user_file, warnings)
    }

    /// The configuration of a directory that is shared besides the project: its own `paude.json`
    /// decides what is hidden in it, and nothing else.
    pub(crate) fn load_further(&self, cli: &ProjectArgs, directory: &Workspace) -> Result<Self> {
        let args = ProjectArgs {
            policy: cli.policy.clone(),
            policy_timeout: cli.policy_timeout,
            no_policy_cache: cli.no_policy_cache,
            devcontainer: Some(DevcontainerChoice::Off),
            ..ProjectArgs::default()
        };
        let Self { selection, depth, skip, policies, policy_timeout, policy_cache, .. } =
            Self::load(&args, directory)?;
        // In memory, as a volume belongs to the project that is set up in it.
        let own = Self {
            selection,
            depth,
            skip,
            policies,
            policy_timeout,
            policy_cache,
            ..Self::default()
        };
        Ok(Self { size: self.size, ..own })
    }

    /// Leaves out this machine's time zone, which [`merge_env`] put first, for a file that may be
    /// used on another machine.
    pub(crate) fn forget_time_zone(&mut self) {
        if load::host_time_zone().is_some() {
            self.env.remove(0);
        }
    }

    fn merge(
        cli: &ProjectArgs,
        mut project_file: SettingsFile<ProjectFile>,
        mut devcontainer: Devcontainer,
        mut user_file: SettingsFile<UserFile>,
        mut warnings: Vec<String>,
    ) -> Result<Self> {
        let source = std::mem::take(&mut devcontainer.image);
        let (image, builds) = builds::choose(cli, &mut project_file, source, &mut user_file)?;
        let selection = match selection::from_cli(&cli.venv)? {
            Some(selection) => selection,
            None => project_file
                .venv
                .or(devcontainer.venv())
                .or(user_file.venv)
                .map_or(Ok(Selection::AUTO), selection::parse)?,
        };
        let skip = match cli.skip.is_empty() {
            false => cli.skip.clone(),
            true => project_file.skip.or(user_file.skip).unwrap_or_default(),
        };
        let typed = env_from_cli(&cli.env)?;
        let variables = devcontainer.variables(project_file.env.as_ref(), &typed);
        let setups = [project_file.setup, devcontainer.setup, user_file.setup];
        let setup = choose_setup(cli, setups);
        let policies = policies::choose(&cli.policy, project_file.policy, user_file.policy)?;
        let files = [user_file.env, Some(devcontainer.env), project_file.env];
        let env = merge_env(files, typed);
        let scripts = [("setup", setup.as_deref().unwrap_or_default()), ("remoteEnv", &variables)];
        check_texts(&env, &scripts)?;
        let typed_storage = cli.storage.map(StorageChoice::from);
        let storage = typed_storage
            .or(project_file.storage)
            .or(devcontainer.storage.map(StorageChoice::from))
            .or(user_file.storage)
            .unwrap_or_default();
        let cache = match (cli.cache, cli.no_cache) {
            (false, false) => project_file.cache.or(user_file.cache),
            (cache, _) => Some(cache),
        };
        let size = cli.size.or(project_file.size).or(user_file.size).map(u64::from);
        if storage.keeps_all() && size.is_some() {
            warnings.push("`size` limits what is in memory, and has no effect on a volume".into());
        }
        let network =
            merge_network(cli.network, project_file.network, user_file.network, &mut warnings);
        let with = merge_with(&cli.with, user_file.with.0);
        let mut engine_args = user_file.engine_args.0.unwrap_or_default();
        engine_args.extend(cli.engine_arg.iter().cloned());

        Ok(Self {
            selection,
            depth: cli.depth.or(project_file.depth.or(user_file.depth).map(u32::from)),
            skip: selection::parse_skip(&skip)?,
            setup,
            image,
            builds,
            env,
            variables,
            may_suggest_devcontainer: devcontainer.may_suggest,
            size,
            storage,
            cache: cache.unwrap_or(storage.keeps_any()),
            policies,
            policy_timeout: cli.policy_timeout.or(user_file.policy_timeout.0).map(Duration::from),
            policy_cache: !cli.no_policy_cache,
            engine: cli.engine.or(user_file.engine.0).unwrap_or_default(),
            user: cli.user.or(user_file.user.0),
            engine_args,
            network,
            with,
            with_git: cli.with_git || user_file.with_git.0.unwrap_or_default(),
            warnings,
        })
    }
}

/// The script of the command line, else the first of the files; none if it is blank.
fn choose_setup(cli: &ProjectArgs, files: [Option<String>; 3]) -> Option<String> {
    let setup = match (cli.no_setup, &cli.setup) {
        (true, _) => None,
        (_, Some(setup)) => Some(setup.clone()),
        _ => files.into_iter().flatten().next(),
    };
    setup.filter(|script| !script.trim().is_empty())
}

/// The directories of the user's file, then those of the command line.
fn merge_with(cli: &[OsString], user: Option<Vec<String>>) -> Vec<SharedDir> {
    let user = user.unwrap_or_default();
    let user = user.iter().map(|entry| load::shared_beside_user_file(entry));
    user.chain(cli.iter().map(|entry| SharedDir::parse(entry))).collect()
}

/// The command line decides; else each file may take the network away, and neither can give it
/// back.
fn merge_network(
    cli: Option<Network>,
    project: Option<Network>,
    user: Option<Network>,
    warnings: &mut Vec<String>,
) -> Network {
    if let Some(network) = cli {
        return network;
    }
    if (project, user) == (Some(Network::Engine), Some(Network::None)) {
        warnings.push("paude.json: `network` cannot lift the `none` of your config.json".into());
    }
    match [project, user].contains(&Some(Network::None)) {
        true => Network::None,
        false => Network::Engine,
    }
}

/// The user's time zone, the variables of the files in this order, then those of the command line.
fn merge_env(
    files: [Option<BTreeMap<EnvName, String>>; 3],
    typed: Vec<(String, String)>,
) -> Vec<(String, String)> {
    let zone = load::host_time_zone().map(|zone| ("TZ".to_owned(), zone));
    let files = files.into_iter().flatten().flatten();
    let files = files.map(|(name, value)| (name.into(), value));
    zone.into_iter().chain(files).chain(typed).collect()
}

/// Parses the arguments of `-e`: `NAME=VALUE` sets a variable, and `NAME` passes the host's value
/// on if there is one.
fn env_from_cli(arguments: &[String]) -> Result<Vec<(String, String)>> {
    let mut env = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), load::host_variable(argument)?),
        };
        let name = EnvName::try_from(name.to_owned())
            .map_err(|fault| Error::usage(format!("--env `{}`: {fault}", shown(argument))))?;
        env.extend(value.map(|value| (name.into(), value)));
    }
    Ok(env)
}

/// Refuses variables and scripts that no program can take as an argument.
fn check_texts(env: &[(String, String)], scripts: &[(&str, &str)]) -> Result<()> {
    let variables = env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, text) in variables.chain(scripts.iter().copied()) {
        if text.contains('\0') {
            return Err(Error::usage(format!("`{name}` holds a NUL, which no program can take")));
        }
        if text.len() > MAX_TEXT {
            let kib = MAX_TEXT >> 10;
            return Err(Error::usage(format!(
                "`{name}` is longer than {kib} KiB, which no program can take"
            ))
            .hint("put it into a file of the project"));
        }
    }
    Ok(())
}
