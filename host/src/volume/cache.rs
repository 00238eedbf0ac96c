//! The cache of a project.

use super::{Volume, Volumes, backend, name, store::Store};
use crate::error::Result;
use crate::run_spec::RunSpec;
use crate::workspace::Workspace;

impl Volumes {
    /// The cache of a project, as a volume without a setup. With `create`, the state directory is
    /// created.
    pub(crate) fn for_cache(workspace: &Workspace, spec: &RunSpec, create: bool) -> Result<Self> {
        let name = name::cache_name(workspace, spec)?;
        let store = if create { Store::open(workspace)? } else { Store::locate()? };
        let volumes = vec![Volume { name, environment: None }];
        let image = spec.image.clone();
        Ok(Self { store, engine: spec.engine, image, stamp: None, volumes })
    }
}

/// The bytes in a volume; `None` if they cannot be counted from here.
pub(super) fn size(store: &Store, name: &str, engine: crate::engine::Engine) -> Option<u64> {
    backend::content_dir(engine, store, name).and_then(|dir| backend::count_bytes(&dir))
}
