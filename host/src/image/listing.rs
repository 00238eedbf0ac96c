//! Listing and removing built images.

use std::ffi::OsString;
use std::fmt::{self, Display, Formatter};
use std::path::Path;

use super::store::{ImageRecord, ImageStore};
use super::{REMOVAL, reference};
use crate::engine::{Engine, has_image, installed, query, query_within};
use crate::error::{Error, Result};
use crate::escape::{shown, shown_path};
use crate::session;
use crate::workspace::Workspace;

/// A built image as `paude images list` prints it.
#[derive(Debug)]
pub(crate) struct ImageStatus {
    name: String,
    /// Whether a session builds it.
    is_building: bool,
    /// `None` if no build of it has succeeded.
    record: Option<ImageRecord>,
}

impl Display for ImageStatus {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(record) = &self.record else { return write!(f, "{}  unfinished", self.name) };
        let state = if self.is_building { "building" } else { "built" };
        let engine = record.engine.to_string();
        let workspace = shown_path(workspace_path(record));
        write!(f, "{}  {state:8}  {engine:6}  {} of {workspace}", self.name, shown(&record.title))
    }
}

fn workspace_path(record: &ImageRecord) -> &Path {
    Path::new::<OsString>(&record.workspace)
}

/// All built images of the user, sorted by name.
pub(crate) fn list() -> Result<Vec<ImageStatus>> {
    let store = ImageStore::locate()?;
    let names = store.names()?.into_iter();
    names
        .map(|name| {
            let is_building = store.try_lock(&name)?.is_none();
            let record = store.read_record(&name);
            Ok(ImageStatus { name, is_building, record })
        })
        .collect()
}

/// Removes an image and its record. Fails if it does not exist, or if it is in use.
pub(crate) fn remove(name: &str) -> Result<()> {
    let store = ImageStore::locate()?;
    if !store.names()?.iter().any(|known| known == name) {
        return Err(Error::usage(format!("there is no image `{}`", shown(name)))
            .hint("`paude images list` shows all of them"));
    }
    let Some(_lock) = store.try_lock(name)? else {
        return Err(Error::failed(format!("the image `{name}` is being built"))
            .hint("end the session that builds it"));
    };
    match store.read_record(name) {
        Some(record) => remove_from(record.engine, name)?,
        // A build may have been killed before it was recorded, with any engine.
        None => {
            for engine in Engine::ALL.into_iter().filter(|engine| engine.client().is_some()) {
                let program = engine.program();
                if installed(program) && query(program, &["version"]).ok {
                    remove_from(engine, name)?;
                }
            }
        }
    }
    store.remove(name)
}

/// Removes what the engine has by this name.
fn remove_from(engine: Engine, name: &str) -> Result<()> {
    let reference = reference(name);
    if !has_image(engine, &reference) {
        return Ok(());
    }
    let output = query_within(REMOVAL, engine.program(), &["image", "rm", &reference]);
    match output.ok {
        true => Ok(()),
        false => Err(Error::failed(format!(
            "cannot remove the image `{name}`: {}",
            shown(output.last_line())
        ))
        .hint("end what uses it, then try again")),
    }
}

/// Removes the images that no run can use again. Returns the name of each with the result.
pub(crate) fn prune() -> Result<Vec<(String, Result<()>)>> {
    let is_unusable = |image: &ImageStatus| {
        !image.is_building && image.record.as_ref().is_none_or(|record| !is_usable(record))
    };
    let names = list()?.into_iter().filter(is_unusable).map(|image| image.name);
    Ok(names.map(|name| (name.clone(), remove(&name))).collect())
}

/// Whether its project and the image itself still exist.
fn is_usable(record: &ImageRecord) -> bool {
    let workspace = Workspace::open(workspace_path(record)).ok();
    let identity = workspace.and_then(|workspace| session::workspace_identity(&workspace).ok());
    identity.is_some_and(|identity| identity == record.identity)
        && has_image(record.engine, &record.id)
}
