//! Images that are built from the project: from a Dockerfile, or by installing packages over an
//! image.
//!
//! The settings become recipes (`recipe`). The files that a Dockerfile may copy are listed through
//! the workspace's handle (`context`), without what `.dockerignore` leaves out (`ignore`), and
//! reach the engine's client as an archive on its standard input (`archive`, `client`). No engine
//! looks a path of the project up.
//!
//! A stamp, the hash of all that an image is built from (`stamp`), spares the build. It lies with
//! the image's id in the user's state directory, out of reach of every container (`store`), as do
//! the instructions that the user has allowed to be run (`consent`).

mod archive;
mod client;
mod consent;
mod context;
mod dockerfile;
mod ignore;
mod listing;
mod output;
mod packages;
mod prepare;
mod processes;
mod recipe;
mod stamp;
mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

use crate::config::Config;
use crate::engine::{Engine, inspect_image, query_within};
use crate::error::{Error, Exit, Result};
use crate::execute::Signals;
use crate::plan::Plan;
use crate::run_spec::RunSpec;
use crate::session;
use crate::value::{Sha256, hashed_name};
use crate::workspace::Workspace;
use client::{BuildEnd, BuildRequest};
use prepare::{BuildInputs, ProjectInputs};
use recipe::{DockerfileRecipe, ImageRecipe};
use stamp::StampInputs;
use store::{ImageRecord, ImageStore};

pub(crate) use listing::{list, prune, remove};

/// How long the removal of an image may take.
const REMOVAL: Duration = Duration::from_secs(120);

/// The images that a run builds, in this order; the last one is run.
#[derive(Debug)]
pub(crate) struct ProjectImages<'r> {
    workspace: &'r Workspace,
    plan: &'r Plan,
    config: &'r Config,
    engine: Engine,
    /// The image that a setting or the plan names.
    named: String,
    platform: Option<String>,
    recipes: Vec<(String, ImageRecipe)>,
    /// Whether the engine's output and all notes are left out.
    quiet: bool,
}

/// The result of [`ProjectImages::ensure`].
#[derive(Debug)]
pub(crate) enum EnsuredImage {
    /// The id of the image to run.
    Ready(String),
    /// The signal of this name ended the build, and paude ends with this.
    Interrupted(&'static str, Exit),
}

impl<'r> ProjectImages<'r> {
    /// The images of the settings; `None` if nothing is built.
    pub(crate) fn of(
        config: &'r Config,
        workspace: &'r Workspace,
        plan: &'r Plan,
        spec: &RunSpec,
        quiet: bool,
    ) -> Result<Option<Self>> {
        if spec.engine == Engine::Native {
            return Ok(None);
        }
        let mut recipes = Vec::new();
        for recipe in ImageRecipe::all(&config.builds, workspace)? {
            recipes.push((name(workspace, &recipe, spec)?, recipe));
        }
        let images = Self {
            workspace,
            plan,
            config,
            engine: spec.engine,
            named: spec.image.clone(),
            platform: platform(&spec.engine_args),
            recipes,
            quiet,
        };
        Ok((!images.recipes.is_empty()).then_some(images))
    }

    /// The name by which the engine has the last image once it is built.
    pub(crate) fn reference(&self) -> String {
        self.recipes.last().map_or_else(|| self.named.clone(), |(name, _)| reference(name))
    }

    /// What the image is built from, for a message.
    pub(crate) fn reason(&self) -> String {
        let titles: Vec<_> = self.recipes.iter().map(|(_, recipe)| recipe.title()).collect();
        format!("built from {}", titles.join(" and "))
    }

    /// Builds what is missing or out of date, if the user allows it.
    pub(crate) fn ensure(&self, signals: &Signals) -> Result<EnsuredImage> {
        let store = ImageStore::open(self.workspace)?;
        let mut base = self.named.clone();
        let mut id = String::new();
        for (name, recipe) in &self.recipes {
            match self.ensure_one(name, recipe, &base, &store, signals)? {
                EnsuredImage::Ready(built) => id = built,
                interrupted @ EnsuredImage::Interrupted(..) => return Ok(interrupted),
            }
            base = reference(name);
        }
        Ok(EnsuredImage::Ready(id))
    }

    /// Builds one image if necessary. Another session that builds it is waited for.
    fn ensure_one(
        &self,
        name: &str,
        recipe: &ImageRecipe,
        base: &str,
        store: &ImageStore,
        signals: &Signals,
    ) -> Result<EnsuredImage> {
        let _lock = store.lock(name, self.quiet)?;
        let built = self.ensure_locked(name, recipe, base, store, signals);
        if store.read_record(name).is_none() {
            // Otherwise it would be listed until it is pruned.
            store.remove(name)?;
        }
        built
    }

    fn ensure_locked(
        &self,
        name: &str,
        recipe: &ImageRecipe,
        base: &str,
        store: &ImageStore,
        signals: &Signals,
    ) -> Result<EnsuredImage> {
        let mut prepared = BuildInputs::read(recipe, base, &self.inputs())?;
        let stamp = self.stamp(recipe, &prepared)?;
        let known = store.read_record(name);
        let builds = &self.config.builds;
        if let (Some(known), Some(stamp), false) = (&known, &stamp, builds.rebuild || builds.pull)
            && known.stamp.as_ref() == Some(stamp)
            && inspect_image(self.engine, &known.id).ok
        {
            return Ok(EnsuredImage::Ready(known.id.clone()));
        }
        self.obtain_consent(recipe, &prepared, store)?;
        if stamp.is_none() && !self.quiet {
            eprintln_line(&prepared.note(self.engine));
        }
        let id = match self.build(name, recipe, &prepared, signals)? {
            BuildEnd::Built(id) => id,
            BuildEnd::Interrupted(signal, exit) => {
                return Ok(EnsuredImage::Interrupted(signal, exit));
            }
        };
        // The build may have fetched the images that it begins with.
        prepared.bases =
            prepare::ids(self.engine, prepared.bases.into_iter().map(|(image, _)| image));
        let record = ImageRecord {
            id: id.clone(),
            engine: self.engine,
            title: recipe.title(),
            workspace: self.workspace.path().as_path().into(),
            identity: session::workspace_identity(self.workspace)?,
            stamp: match stamp {
                Some(_) => self.stamp(recipe, &prepared)?,
                None => None,
            },
        };
        store.write_record(name, &record)?;
        if let Some(known) = known.filter(|known| known.id != id && known.engine == self.engine) {
            // It may be in use, or have got another name.
            let _ = query_within(REMOVAL, self.engine.program(), &["image", "rm", &known.id]);
        }
        Ok(EnsuredImage::Ready(id))
    }

    fn inputs(&self) -> ProjectInputs<'_> {
        let Self { workspace, plan, engine, .. } = *self;
        ProjectInputs { workspace, plan, engine }
    }

    /// The stamp; `None` if the context is too large for one.
    fn stamp(&self, recipe: &ImageRecipe, prepared: &BuildInputs) -> Result<Option<String>> {
        if !prepared.is_stamped {
            return Ok(None);
        }
        let none = BTreeMap::new();
        let (args, target, ignore_file) = match recipe {
            ImageRecipe::Dockerfile(recipe) => {
                (&recipe.args, recipe.target.as_deref(), &recipe.ignore_file[..])
            }
            ImageRecipe::Packages(_) => (&none, None, &[][..]),
        };
        let inputs = StampInputs {
            engine: self.engine,
            platform: self.platform.as_deref(),
            dockerfile: &prepared.dockerfile,
            ignore_file,
            target,
            args,
            bases: &prepared.bases,
        };
        stamp::compute(&inputs, &prepared.context)
            .map(Some)
            .map_err(|error| Error::failed(format!("cannot hash the build's context: {error}")))
    }

    /// Packages that the user's own file names need no consent; all else comes with the project.
    fn obtain_consent(
        &self,
        recipe: &ImageRecipe,
        prepared: &BuildInputs,
        store: &ImageStore,
    ) -> Result<()> {
        let builds = &self.config.builds;
        let (parts, details) = match recipe {
            ImageRecipe::Packages(_) if builds.own_packages => return Ok(()),
            ImageRecipe::Packages(_) => ((None, None), Vec::new()),
            ImageRecipe::Dockerfile(recipe) => {
                ((Some(&recipe.args), recipe.target.as_deref()), recipe.details())
            }
        };
        let path = self.workspace.path().as_path().as_os_str().as_bytes();
        let project = (path, session::workspace_identity(self.workspace)?);
        let instructions = serde_json::to_vec(&(project, parts, &prepared.dockerfile))
            .map_err(|error| Error::failed(format!("cannot hash the instructions: {error}")))?;
        let hash = Sha256::of(&instructions).to_string();
        let (title, engine) = (recipe.title(), self.engine);
        let request = consent::Request { engine, title: &title, details: &details, hash: &hash };
        consent::obtain(builds.consent, &request, store)
    }

    fn build(
        &self,
        name: &str,
        recipe: &ImageRecipe,
        prepared: &BuildInputs,
        signals: &Signals,
    ) -> Result<BuildEnd> {
        let (args, target) = match recipe {
            ImageRecipe::Dockerfile(recipe) => {
                let args = recipe.args.iter().map(|(name, value)| format!("{name}={value}"));
                (args.collect(), recipe.target.as_deref())
            }
            ImageRecipe::Packages(_) => (Vec::new(), None),
        };
        let labels = [
            format!("paude.image={name}"),
            format!("paude.workspace={}", self.workspace.path().as_path().display()),
        ];
        let builds = &self.config.builds;
        let request = BuildRequest {
            engine: self.engine,
            reference: &reference(name),
            labels: &labels,
            file: &prepared.file,
            target,
            args,
            platform: self.platform.as_deref(),
            no_cache: builds.rebuild,
            // What was just built has no newer one in a registry.
            pull: builds.pull && !self.is_built(&prepared.bases),
            lacks_base: prepared.bases.iter().any(|(_, id)| id.is_none()),
            quiet: self.quiet,
        };
        request.run(&prepared.context, &prepared.added_files(), signals)
    }

    /// Whether one of the images is built by this run.
    fn is_built(&self, bases: &[(String, Option<String>)]) -> bool {
        let mut built = self.recipes.iter().map(|(name, _)| reference(name));
        built.any(|built| bases.iter().any(|(base, _)| *base == built))
    }
}

/// The name by which engines have an image. With this host's name no registry is asked for it.
fn reference(name: &str) -> String {
    format!("localhost/{name}")
}

/// `paude-` and a hash of what distinguishes the images of a user: project, engine, and which
/// Dockerfile or packages. What is in the files is left to the stamp.
fn name(workspace: &Workspace, recipe: &ImageRecipe, spec: &RunSpec) -> Result<String> {
    let uid = rustix::process::geteuid().as_raw();
    let path = workspace.path().as_path().as_os_str().as_bytes();
    let which = match recipe {
        ImageRecipe::Dockerfile(DockerfileRecipe { path, context, args, target, .. }) => {
            let context = context.as_ref().map(|context| context.as_str());
            serde_json::to_vec(&(path.as_str(), context, args, target))
        }
        ImageRecipe::Packages(names) => serde_json::to_vec(&(&spec.image, names)),
    };
    let identity = session::workspace_identity(workspace)?;
    let bytes = which.and_then(|which| {
        serde_json::to_vec(&(uid, path, identity, spec.engine, which, platform(&spec.engine_args)))
    });
    let bytes = bytes.map_err(|error| Error::failed(format!("cannot name an image: {error}")))?;
    Ok(hashed_name(&bytes))
}

/// The platform that the run's arguments ask for, which the image has to have.
fn platform(engine_args: &[String]) -> Option<String> {
    let mut args = engine_args.iter().rev();
    args.find_map(|arg| arg.strip_prefix("--platform=")).map(str::to_owned)
}

fn eprintln_line(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}
