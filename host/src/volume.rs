//! Environments that last: what lies over a hidden directory is kept for the next run.
//!
//! What is kept is a volume of the engine's or, for the built-in engine, a directory. Its
//! name is a hash of all that it depends on ([`name`]), so that no repository can choose
//! another's. Beside it, in the person's state directory and out of every container's
//! reach, lies a record ([`store`]): what tells this volume from a later one of its name,
//! and the stamp of the setup that succeeded in it.
//!
//! The setup runs in a container of its own, of which paude sees the exit code: that it
//! succeeded is the engine's word and not the setup's. It begins with an empty volume.
//!
//! A run holds a shared lock on each of its volumes. Whoever makes one, has the setup run
//! in it or removes it holds the lock alone. No kill can leave it locked.

mod backend;
mod inputs;
mod listing;
mod name;
mod store;

use std::ffi::OsString;
use std::fs::File;
use std::time::Duration;

use crate::engine::Ended;
use crate::error::{Error, Exit, Result};
use crate::path::RelPath;
use crate::plan::Plan;
use crate::render::{Engine, Job};
use crate::session::Session;
use crate::value::Storage;
use crate::workspace::Workspace;
use store::{Record, Store};

pub use listing::{Listed, list, prune, remove};

/// How often, and how long apart, it is tried to be alone with a volume.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// What a run keeps, in the order of the plan's shadows.
#[derive(Debug)]
pub struct Volumes {
    store: Store,
    engine: Engine,
    image: String,
    /// What the setup depends on; none without a setup.
    stamp: Option<String>,
    volumes: Vec<Volume>,
}

/// One of them.
#[derive(Debug)]
struct Volume {
    name: String,
    environment: RelPath,
}

/// Locks that keep volumes from being removed while they live.
#[derive(Debug)]
pub struct Held {
    _locks: Vec<File>,
}

/// What came of getting volumes ready.
#[derive(Debug)]
pub enum Ready {
    /// They are, and stay so as long as this lives.
    Held(Held),
    /// The setup ended with another code than 0.
    Failed(Ended),
}

impl Volumes {
    /// The volumes that a plan wants. Where `fetch` is not set, nothing is asked of the
    /// network, and an image that is not here is known by its name alone.
    pub fn of(
        workspace: &Workspace,
        plan: &Plan,
        engine: Engine,
        job: &Job,
        fetch: bool,
    ) -> Result<Option<Self>> {
        if !plan.shadows().iter().any(|shadow| shadow.storage() == Storage::Volume) {
            return Ok(None);
        }
        let image = backend::image(engine, &job.image, fetch)?;
        let mut volumes = Vec::new();
        for shadow in plan.shadows() {
            let name = name::of(workspace, shadow, engine, &image, job)?;
            volumes.push(Volume { name, environment: shadow.path().clone() });
        }
        let names = volumes.iter().map(|volume| volume.name.as_str()).collect::<Vec<_>>();
        let stamp = job.setup.as_deref();
        let stamp = stamp.map(|setup| inputs::stamp(workspace, plan, setup, &names)).transpose()?;
        let store = if fetch { Store::open(workspace)? } else { Store::find()? };
        Ok(Some(Self { store, engine, image, stamp, volumes }))
    }

    /// What a renderer calls them.
    pub fn sources(&self) -> Vec<OsString> {
        let source = |volume: &Volume| match self.engine {
            Engine::Native => self.store.content(&volume.name).into_os_string(),
            _ => OsString::from(&volume.name),
        };
        self.volumes.iter().map(source).collect()
    }

    /// Makes what is missing and, unless it has succeeded there before, has the setup run.
    /// If another session's has to be waited for, that is said, unless it is to be `quiet`.
    pub fn ready(
        &self,
        workspace: &Workspace,
        quiet: bool,
        setup: impl Fn() -> Result<Ended>,
    ) -> Result<Ready> {
        for left in (0..=TRIES).rev() {
            let locks = self.locks(|name| self.store.share(name, quiet))?;
            if let Some(locks) = locks
                && self.is_ready()?
            {
                return Ok(Ready::Held(Held { _locks: locks }));
            }
            if left == 0 {
                break; // the last try of all is a look at what the one before it did
            }
            let Some(alone) = self.locks(|name| self.store.take(name))? else {
                std::thread::sleep(PAUSE);
                continue;
            };
            if self.is_ready()? {
                continue; // another run was faster
            }
            self.renew(workspace)?;
            if self.stamp.is_some() {
                let ended = setup()?;
                if !ended.exit.as_ref().is_ok_and(|exit| exit.code() == Exit::Ok.code()) {
                    return Ok(Ready::Failed(ended));
                }
                self.stamp()?;
            }
            drop(alone);
        }
        Err(Error::failed("the setup has to run again, and another session uses its volume")
            .hint("end that session, or leave the setup as it was: --no-setup"))
    }

    /// A lock on each, or nothing if one of them cannot be had now.
    fn locks(&self, lock: impl Fn(&str) -> Result<Option<File>>) -> Result<Option<Vec<File>>> {
        let mut names: Vec<_> = self.volumes.iter().map(|volume| &volume.name).collect();
        names.sort(); // so that two runs do not wait for each other
        names.into_iter().map(|name| lock(name)).collect()
    }

    /// Whether each is the one that was recorded, with this setup done in it. The engine is
    /// asked last: that takes its time, and who looks keeps others from being alone.
    fn is_ready(&self) -> Result<bool> {
        for Volume { name, .. } in &self.volumes {
            let Some(record) = self.store.record(name) else { return Ok(false) };
            if self.stamp.is_some() && self.stamp != record.stamp
                || backend::id(self.engine, &self.store, name)? != Some(record.id)
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts an empty one in the place of each.
    fn renew(&self, workspace: &Workspace) -> Result<()> {
        // The container of a killed run still uses its volume.
        Session::clear_killed(workspace);
        for Volume { name, environment } in &self.volumes {
            backend::remove(self.engine, &self.store, name)?;
            let labels =
                [("workspace", workspace.path().as_path()), ("environment", environment.as_path())];
            let id = backend::make(self.engine, &self.store, name, &self.image, &labels)?;
            let record = Record {
                id,
                engine: self.engine,
                image: self.image.clone(),
                workspace: workspace.path().as_path().into(),
                identity: name::identity(workspace)?,
                environment: environment.to_string(),
                stamp: None,
            };
            self.store.write(name, &record)?;
        }
        Ok(())
    }

    /// Notes that the setup has succeeded.
    fn stamp(&self) -> Result<()> {
        for Volume { name, .. } in &self.volumes {
            if let Some(record) = self.store.record(name) {
                self.store.write(name, &Record { stamp: self.stamp.clone(), ..record })?;
            }
        }
        Ok(())
    }
}
