//! Reading all that an image is built from.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::Digest as _;

use super::archive::AddedFile;
use super::context::{self, Context, ContextNode, LeftOut};
use super::recipe::{DockerfileRecipe, ImageRecipe};
use super::{dockerfile, packages};
use crate::deadline::Deadline;
use crate::engine::{Engine, inspect_image, pull, query};
use crate::error::{Error, Result};
use crate::escape::shown;
use crate::path::RelPath;
use crate::plan::Plan;
use crate::workspace::{PathState, Workspace};

/// How long listing and hashing a context may take.
const READING: Duration = Duration::from_secs(60);

/// The largest context that has a stamp: in bytes, and in entries.
const MAX_STAMPED_BYTES: u64 = 64 << 20;
const MAX_STAMPED_ENTRIES: usize = 20_000;

/// The names of the Dockerfile in the archive, where the project's own is not in the context: the
/// first that the context does not have. The client of a podman service hands an ignored file over
/// only under the first two.
const ADDED_DOCKERFILES: [&str; 3] = ["Containerfile", "Dockerfile", ".paude.dockerfile"];

/// The files of the context's root that engines read by themselves.
const IGNORE_FILES: [&str; 2] = [".containerignore", ".dockerignore"];

/// Where an image's parts are read from.
pub(super) struct ProjectInputs<'i> {
    pub(super) workspace: &'i Workspace,
    pub(super) plan: &'i Plan,
    pub(super) engine: Engine,
}

/// Refuses a context that is, or lies in, what a build may not see: `.git`, a hidden directory, or
/// what is behind a link, where it may have another name.
fn check_context(context: &RelPath, from: &ProjectInputs<'_>) -> Result<()> {
    let names = context.as_path().components();
    let is_git = names.into_iter().any(|name| name.as_os_str() == ".git");
    let is_hidden = || from.plan.shadows().iter().any(|shadow| context.is_within(shadow.path()));
    let is_linked = || match from.workspace.inspect_path(context) {
        Ok(PathState::Directory(real)) => real != *context,
        // Reported when it is opened.
        _ => false,
    };
    let what = match () {
        () if is_git => "lies in `.git`",
        () if is_hidden() => "lies in a directory that is hidden",
        () if is_linked() => "leads through a link",
        () => return Ok(()),
    };
    let path = shown(context.as_str());
    Err(Error::usage(format!("the build's context `{path}` {what}"))
        .hint("name a directory of the project's own sources"))
}

/// All that an image is built from, as it was read.
#[derive(Debug)]
pub(super) struct BuildInputs {
    /// The name of the Dockerfile in the archive.
    pub(super) file: String,
    pub(super) dockerfile: Vec<u8>,
    /// Whether paude adds it, because the context does not have it.
    pub(super) added: bool,
    /// The images that it is built over, with their ids.
    pub(super) bases: Vec<(String, Option<String>)>,
    pub(super) context: Context,
    /// Whether the context is small enough for a stamp.
    pub(super) is_stamped: bool,
}

impl BuildInputs {
    /// Reads all that an image is built from. `base` is what packages are installed over.
    pub(super) fn read(recipe: &ImageRecipe, base: &str, from: &ProjectInputs<'_>) -> Result<Self> {
        let deadline = Deadline::after(READING);
        let mut prepared = match recipe {
            ImageRecipe::Packages(names) => Self::of_packages(names, base, from)?,
            ImageRecipe::Dockerfile(recipe) => Self::of_dockerfile(recipe, deadline, from)?,
        };
        prepared.is_stamped = prepared.context.size() <= MAX_STAMPED_BYTES
            && prepared.context.entries.len() <= MAX_STAMPED_ENTRIES;
        if prepared.is_stamped {
            prepared.context.hash_files(deadline)?;
        }
        prepared.pin_dockerfile();
        Ok(prepared)
    }

    /// Packages are installed over an image whose user has to be known.
    fn of_packages(names: &[String], base: &str, from: &ProjectInputs<'_>) -> Result<Self> {
        let format = ["image", "inspect", "--format", "{{.Config.User}}", base];
        let mut output = query(from.engine.program(), &format);
        if !output.ok && pull(from.engine, base) {
            output = query(from.engine.program(), &format);
        }
        if !output.ok {
            let (base, why) = (shown(base), shown(output.last_line()));
            return Err(Error::failed(format!("cannot get the image `{base}`: {why}")));
        }
        let text = packages::dockerfile(base, &output.stdout, names)?;
        let dir = from.workspace.dir().try_clone();
        let dir = dir.map_err(|error| context::unreadable(Path::new(""), &error))?;
        Ok(BuildInputs {
            file: ADDED_DOCKERFILES[0].to_owned(),
            dockerfile: text.into_bytes(),
            added: true,
            bases: ids(from.engine, [base.to_owned()].into_iter()),
            context: Context::empty(dir),
            is_stamped: true,
        })
    }

    fn of_dockerfile(
        recipe: &DockerfileRecipe,
        deadline: Deadline,
        from: &ProjectInputs<'_>,
    ) -> Result<Self> {
        let title = shown(recipe.path.as_str()).into_owned();
        let text = String::from_utf8_lossy(&recipe.text);
        let bases = dockerfile::base_images(&text, &recipe.args).map_err(|error| {
            let hints = error.hints().to_vec();
            let error = Error::usage(format!("cannot build from `{title}`: {}", error.message()));
            hints.into_iter().fold(error, Error::hint)
        })?;
        if let Some(context) = &recipe.context {
            check_context(context, from)?;
        }
        let dir = match &recipe.context {
            None => from.workspace.dir().try_clone(),
            Some(path) => from.workspace.open_dir(path),
        };
        let dir = dir.map_err(|error| {
            let path = recipe.context.as_ref().map_or(".", |path| path.as_str());
            Error::usage(format!("cannot open the build's context `{}`: {error}", shown(path)))
                .hint("`build` has its path, relative to the project: {\"context\": \"..\"}")
        })?;
        let shadows = from.plan.shadows().iter().map(|shadow| shadow.path());
        let mut paths: Vec<_> = shadows.filter_map(|path| recipe.in_context(path)).collect();
        let [.., own_name] = ADDED_DOCKERFILES;
        paths.extend(IGNORE_FILES.iter().chain([&own_name]).map(PathBuf::from));
        let left_out = LeftOut { ignored: &recipe.ignored, paths: &paths };
        let context = Context::list(dir, &left_out, deadline)?;
        let own = recipe.in_context(&recipe.path).filter(|path| {
            let is_file = |node: &ContextNode| matches!(node, ContextNode::File { .. });
            context.entries.iter().any(|entry| entry.path == *path && is_file(&entry.node))
        });
        // Another name could be an option, or the client's standard input.
        let is_plain = |path: &&str| path.starts_with(|c: char| c.is_ascii_alphanumeric());
        let own = own.as_deref().and_then(Path::to_str).filter(is_plain).map(str::to_owned);
        Ok(BuildInputs {
            added: own.is_none(),
            file: own.unwrap_or_else(|| free_name(&context)),
            dockerfile: recipe.text.clone(),
            bases: ids(from.engine, bases.into_iter()),
            context,
            is_stamped: true,
        })
    }

    /// Has the archive fail if the Dockerfile in it is not the one that was read and allowed.
    fn pin_dockerfile(&mut self) {
        let own =
            self.context.entries.iter_mut().filter(|entry| entry.path == Path::new(&self.file));
        for entry in own {
            if let ContextNode::File { size, sha256, .. } = &mut entry.node {
                *size = self.dockerfile.len() as u64;
                *sha256 = Some(sha2::Sha256::digest(&self.dockerfile).into());
            }
        }
    }

    /// The files that the archive has besides the context. The list of ignored files keeps them
    /// out of the image.
    pub(super) fn added_files(&self) -> Vec<AddedFile> {
        if !self.added {
            return Vec::new();
        }
        let ignored = format!("{}\n{}\n", self.file, IGNORE_FILES[1]);
        let file = |name: &str, content| AddedFile { name: name.to_owned(), content };
        vec![file(&self.file, self.dockerfile.clone()), file(IGNORE_FILES[1], ignored.into_bytes())]
    }

    /// Says that the engine is asked at each start.
    pub(super) fn note(&self, engine: Engine) -> String {
        let (entries, mib) = (self.context.entries.len(), self.context.size() >> 20);
        format!(
            "note: the build's context has {entries} entries and {mib} MiB, too much to see whether \
             it changed ({MAX_STAMPED_ENTRIES} entries, {} MiB): {engine} builds at each start, from \
             its cache",
            MAX_STAMPED_BYTES >> 20
        )
    }
}

/// A name for the Dockerfile that the context does not have.
fn free_name(context: &Context) -> String {
    let is_free = |name: &&str| !context.entries.iter().any(|entry| entry.path == Path::new(name));
    let [.., last] = ADDED_DOCKERFILES;
    ADDED_DOCKERFILES.into_iter().find(is_free).unwrap_or(last).to_owned()
}

/// The ids of images; none for one that the engine does not have.
pub(super) fn ids(
    engine: Engine,
    images: impl Iterator<Item = String>,
) -> Vec<(String, Option<String>)> {
    images
        .map(|image| {
            let output = inspect_image(engine, &image);
            (image, output.ok.then_some(output.stdout))
        })
        .collect()
}
