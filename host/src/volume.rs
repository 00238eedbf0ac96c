//! The volumes of `--storage volume`, which keep an environment of the container for the next
//! run.
//!
//! A volume is one of the engine's or, for the built-in engine, a directory. Its name is a hash
//! of everything that it depends on (`name`), so that no repository can choose the volume of
//! another. A record of it lies in the user's state directory, out of reach of every container
//! (`store`): the id that distinguishes the volume from a later one of the same name, and the
//! stamp of the setup that succeeded in it: a hash of everything that the setup depends on.
//!
//! The setup runs in a container of its own, whose exit code paude sees: the setup cannot claim
//! to have succeeded. It begins with an empty volume. Where another environment is in memory, it
//! runs before each command, on what the volumes hold, and has no stamp.
//!
//! The cache of a project is a volume too, without a setup: what package managers download is kept
//! in it, also when the setup begins with an empty environment.
//!
//! A run holds a shared lock on each of its volumes, and an exclusive lock while it creates one,
//! runs the setup in it or removes it. The kernel releases the locks of a killed run (flock(2)).

mod backend;
mod cache;
mod inputs;
mod listing;
mod name;
mod store;

use std::ffi::OsString;
use std::fs::File;
use std::time::Duration;

use crate::engine::Engine;
use crate::error::{Error, Exit, Result};
use crate::execute::RunOutcome;
use crate::path::RelPath;
use crate::plan::Plan;
use crate::run_spec::RunSpec;
use crate::session::{self, Session};
use crate::workspace::Workspace;
use store::{Record, Store};

pub(crate) use listing::{list, prune, remove};

/// The number of attempts to take exclusive locks, and the time between two.
const LOCK_RETRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// The volumes of a run, in the order of the plan's shadows that are kept.
#[derive(Debug)]
pub(crate) struct Volumes {
    store: Store,
    engine: Engine,
    /// The id of the image; of a cache, which belongs to no image, the name of one that has a
    /// shell.
    image: String,
    /// The stamp of the setup; `None` without one.
    stamp: Option<String>,
    volumes: Vec<Volume>,
}

#[derive(Debug)]
struct Volume {
    name: String,
    /// `None` for a cache.
    environment: Option<RelPath>,
}

/// Shared locks, which keep volumes from being removed or set up while this lives.
#[derive(Debug)]
pub(crate) struct VolumeLocks {
    _locks: Vec<File>,
}

/// The result of [`Volumes::prepare`].
#[derive(Debug)]
pub(crate) enum PreparedVolumes {
    /// The command can run on the volumes as long as the locks are held.
    Ready(VolumeLocks),
    /// The setup failed, or ended with another exit code than 0.
    SetupFailed(RunOutcome),
}

impl Volumes {
    /// The volumes of a plan; `None` if all its shadows are in memory. With `fetch`, an image that is
    /// not on this machine is pulled, and the state directory is created; without, the name of
    /// such an image takes the place of its id.
    pub(crate) fn for_plan(
        workspace: &Workspace,
        plan: &Plan,
        spec: &RunSpec,
        fetch: bool,
    ) -> Result<Option<Self>> {
        if plan.kept_shadows().next().is_none() {
            return Ok(None);
        }
        let engine = spec.engine;
        let image = backend::image_id(engine, &spec.image, fetch)?;
        let mut volumes = Vec::new();
        for shadow in plan.kept_shadows() {
            let name = name::volume_name(workspace, shadow, &image, spec)?;
            volumes.push(Volume { name, environment: Some(shadow.path().clone()) });
        }
        let names = volumes.iter().map(|volume| volume.name.as_str()).collect::<Vec<_>>();
        // What is in memory has to be set up each time, and so it is in the command's container.
        let setup = spec.setup.as_ref().filter(|_| !plan.shadows().iter().any(|it| !it.is_kept()));
        let stamp = match setup {
            Some(setup) => Some(inputs::compute_stamp(workspace, plan, setup, &names)?),
            None => None,
        };
        let store = if fetch { Store::open(workspace)? } else { Store::locate()? };
        Ok(Some(Self { store, engine, image, stamp, volumes }))
    }

    /// Whether the setup runs when the volumes are prepared, and not before each command.
    pub(crate) fn have_setup(&self) -> bool {
        self.stamp.is_some()
    }

    /// What the engine mounts for each volume: its name or, for the built-in engine, a directory.
    pub(crate) fn mount_sources(&self) -> Vec<OsString> {
        let source = |volume: &Volume| match self.engine {
            Engine::Native => self.store.content_dir(&volume.name).into_os_string(),
            _ => OsString::from(&volume.name),
        };
        self.volumes.iter().map(source).collect()
    }

    /// Creates the volumes that are missing, and runs the setup unless it has succeeded in them
    /// before. Waits for the setup of another session, with a message unless `quiet`.
    pub(crate) fn prepare(
        &self,
        workspace: &Workspace,
        quiet: bool,
        run_setup: impl Fn() -> Result<RunOutcome>,
    ) -> Result<PreparedVolumes> {
        let prepared = self.try_prepare(workspace, quiet, run_setup);
        prepared.inspect_err(|_| self.remove_unfinished())
    }

    /// The same for volumes without a setup.
    pub(crate) fn prepare_alone(&self, workspace: &Workspace, quiet: bool) -> Result<VolumeLocks> {
        match self.prepare(workspace, quiet, || Err(Error::failed("there is no setup")))? {
            PreparedVolumes::Ready(locks) => Ok(locks),
            PreparedVolumes::SetupFailed(_) => Err(Error::failed("there is no setup")),
        }
    }

    fn try_prepare(
        &self,
        workspace: &Workspace,
        quiet: bool,
        run_setup: impl Fn() -> Result<RunOutcome>,
    ) -> Result<PreparedVolumes> {
        for retries_left in (0..=LOCK_RETRIES).rev() {
            let locks = self.lock_all(|name| self.store.lock_shared(name, quiet))?;
            if let Some(locks) = locks
                && self.are_ready()?
            {
                return Ok(PreparedVolumes::Ready(VolumeLocks { _locks: locks }));
            }
            if retries_left == 0 {
                break; // the last attempt only checks what the one before it did
            }
            let Some(exclusive) = self.lock_all(|name| self.store.try_lock_exclusive(name))? else {
                std::thread::sleep(LOCK_PAUSE);
                continue;
            };
            if self.are_ready()? {
                continue; // another run prepared them between the two locks
            }
            self.recreate(workspace)?;
            if self.stamp.is_some() {
                let outcome = run_setup()?;
                if !outcome.exit.as_ref().is_ok_and(|exit| exit.code() == Exit::Ok.code()) {
                    return Ok(PreparedVolumes::SetupFailed(outcome));
                }
                self.record_stamp()?;
            }
            drop(exclusive);
        }
        Err(Error::failed("the setup has to run again, and another session uses its volume")
            .hint("end that session, or run without the setup: --no-setup"))
    }

    /// Locks each volume; `None` if one of them cannot be locked now.
    fn lock_all(&self, lock: impl Fn(&str) -> Result<Option<File>>) -> Result<Option<Vec<File>>> {
        let mut names: Vec<_> = self.volumes.iter().map(|volume| &volume.name).collect();
        names.sort(); // so that two runs do not wait for each other
        names.into_iter().map(|name| lock(name)).collect()
    }

    /// Whether each volume is the recorded one, with this setup done in it.
    fn are_ready(&self) -> Result<bool> {
        for Volume { name, .. } in &self.volumes {
            let Some(record) = self.store.read_record(name) else { return Ok(false) };
            // The engine comes last: querying it is slow, and this run's lock keeps others out.
            if self.stamp.is_some() && self.stamp != record.stamp
                || backend::volume_id(self.engine, &self.store, name)? != Some(record.id)
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Replaces each volume by an empty one.
    fn recreate(&self, workspace: &Workspace) -> Result<()> {
        // The container of a killed run may still use its volume.
        Session::clean_up_killed(workspace);
        for Volume { name, environment } in &self.volumes {
            backend::remove(self.engine, &self.store, name)?;
            let mut labels = vec![("workspace", workspace.path().as_path())];
            labels.extend(environment.iter().map(|path| ("environment", path.as_path())));
            let (engine, image) = (self.engine, self.image.clone());
            let image = match environment {
                Some(_) => image,
                None => backend::image_id(engine, &image, true)?,
            };
            let id = backend::create(engine, &self.store, name, &image, &labels)?;
            let record = Record {
                id,
                engine,
                image,
                workspace: workspace.path().as_path().into(),
                identity: session::workspace_identity(workspace)?,
                environment: environment.as_ref().map(RelPath::to_string),
                stamp: None,
            };
            self.store.write_record(name, &record)?;
        }
        Ok(())
    }

    /// Removes the volumes that could not be created, with their records; otherwise they would be
    /// listed until they are pruned. Keeps those that are in use, and stops at an engine that does
    /// not answer.
    fn remove_unfinished(&self) {
        for Volume { name, .. } in &self.volumes {
            let Ok(Some(_exclusive)) = self.store.try_lock_exclusive(name) else { continue };
            if self.store.read_record(name).is_some() {
                match backend::volume_id(self.engine, &self.store, name) {
                    Ok(Some(_)) => continue, // it was created, and may have content
                    Ok(None) => {}
                    Err(_) => return,
                }
            }
            let removed = backend::remove(self.engine, &self.store, name);
            if removed.and_then(|()| self.store.remove(name)).is_err() {
                return;
            }
        }
    }

    /// Records that the setup has succeeded.
    fn record_stamp(&self) -> Result<()> {
        for Volume { name, .. } in &self.volumes {
            if let Some(record) = self.store.read_record(name) {
                let stamp = self.stamp.clone();
                self.store.write_record(name, &Record { stamp, ..record })?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests create their own store")]

    use std::path::Path;

    use super::*;

    fn volumes(store: &Path, names: &[&str]) -> Volumes {
        let environment = Some(RelPath::parse(".venv").unwrap());
        let volume =
            |name: &&str| Volume { name: (*name).to_owned(), environment: environment.clone() };
        Volumes {
            store: Store::at(store),
            engine: Engine::Native,
            image: String::new(),
            stamp: None,
            volumes: names.iter().map(volume).collect(),
        }
    }

    fn record(volumes: &Volumes, name: &str, id: String) {
        let record = Record {
            id,
            engine: Engine::Native,
            image: String::new(),
            workspace: OsString::new(),
            identity: String::new(),
            environment: None,
            stamp: None,
        };
        volumes.store.write_record(name, &record).unwrap();
    }

    #[test]
    fn a_volume_whose_creation_failed_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let names = ["empty", "created", "lost", "complete", "in-use"];
        let volumes = volumes(dir.path(), &names);
        for name in names {
            std::fs::create_dir_all(dir.path().join(name)).unwrap();
        }
        for name in ["created", "complete"] {
            std::fs::create_dir(volumes.store.content_dir(name)).unwrap();
        }
        let id = backend::volume_id(Engine::Native, &volumes.store, "complete").unwrap().unwrap();
        record(&volumes, "complete", id.clone());
        record(&volumes, "lost", id);
        let lock = volumes.store.lock_shared("in-use", true).unwrap();
        volumes.remove_unfinished();
        let mut left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().flatten().collect();
        left.sort_by_key(std::fs::DirEntry::file_name);
        let left: Vec<_> = left.iter().map(std::fs::DirEntry::file_name).collect();
        assert_eq!(left, ["complete", "in-use"]);
        assert!(volumes.store.content_dir("complete").exists());
        drop(lock);
    }

    #[test]
    fn a_failed_preparation_removes_the_records_that_it_created() {
        let [dir, project] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let too_long = "x".repeat(300);
        let volumes = volumes(dir.path(), &["first", &too_long]);
        let workspace = Workspace::open(project.path()).unwrap();
        let prepared = volumes.prepare(&workspace, true, || unreachable!("nothing is set up"));
        assert!(prepared.is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
