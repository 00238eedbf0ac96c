//! podman's configuration for the tests: settings that work on the kernels of small virtual machines, and storage of
//! its own, so that the developer's containers and images are neither visible nor changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::lane::Lane;
use crate::files;
use crate::process::{run_captured, which};

/// The directories that one podman uses.
pub(crate) struct PodmanDirs {
    /// The directory of the two configuration files.
    pub(crate) conf: PathBuf,
    /// Images and containers.
    pub(crate) storage: PathBuf,
    /// Mounts, locks and sockets: a short path that a reboot may clear.
    pub(crate) run: PathBuf,
    /// Whether this podman runs as root.
    pub(crate) rootful: bool,
}

impl PodmanDirs {
    /// Writes both files and adds the variables that select them to the lane.
    pub(crate) fn configure(&self, lane: &mut Lane) -> Result<()> {
        files::create_dir(&self.conf)?;
        let containers = self.conf.join("containers.conf");
        let storage = self.conf.join("storage.conf");
        files::write(&containers, &containers_conf(&self.run, self.rootful))?;
        files::write(&storage, &self.storage_conf(version()))?;
        lane.env.insert("CONTAINERS_CONF", containers.display().to_string());
        lane.env.insert("CONTAINERS_STORAGE_CONF", storage.display().to_string());
        Ok(())
    }

    fn storage_conf(&self, version: Option<(u32, u32)>) -> String {
        // podman 5.4 ignores `graphroot` when it is rootless; podman 5.8 warns in every run if both keys are set.
        let ignores_graphroot = !self.rootful && version.is_some_and(|version| version < (5, 8));
        let storage = &self.storage;
        let rootless = if ignores_graphroot {
            format!("rootless_storage_path = {storage:?}\n")
        } else {
            String::new()
        };
        format!(
            "# Written by `cargo xtask`, for the tests.\n\
             [storage]\n\
             driver = \"overlay\"\n\
             graphroot = {storage:?}\n\
             {rootless}\
             runroot = {:?}\n",
            self.run.join("storage")
        )
    }
}

/// The first two numbers of podman's version.
fn version() -> Option<(u32, u32)> {
    let printed = run_captured(Command::new("podman").arg("--version")).ok()?;
    let mut numbers = printed.split_whitespace().last()?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// runc accepts mixed cgroup hierarchies, which crun refuses; podman's default limit of processes needs a controller that
/// cgroup v2 may lack. Where systemd runs, only systemd may create cgroups. No test needs a network, and networks need
/// devices that a small machine lacks. Limits above our own cannot be set. Lock files of its own separate this podman
/// from others.
fn containers_conf(run: &Path, rootful: bool) -> String {
    let with_systemd = rootful && Path::new("/run/systemd/system").exists();
    let controllers = fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").ok();
    let lacks_pids =
        controllers.as_ref().is_some_and(|names| !names.split_whitespace().any(|n| n == "pids"));
    let needs_runc = controllers.is_none() && which("runc").is_some();
    let line = |include: bool, text: String| if include { text } else { String::new() };
    let ulimits = line(rootful, format!("default_ulimits = {:?}\n", ulimits()));
    let pids_limit = line(rootful && lacks_pids, "pids_limit = 0\n".to_owned());
    let manager = line(!with_systemd, "cgroup_manager = \"cgroupfs\"\n".to_owned());
    let runtime = line(needs_runc, "runtime = \"runc\"\n".to_owned());
    format!(
        "# Written by `cargo xtask`, for the tests.\n\
         [containers]\n\
         netns = \"none\"\n\
         log_driver = \"k8s-file\"\n\
         {ulimits}{pids_limit}\n\
         [engine]\n\
         {runtime}{manager}\
         events_logger = \"file\"\n\
         lock_type = \"file\"\n\
         tmp_dir = {:?}\n",
        run.join("libpod"),
    )
}

/// Limits that suffice for the tests and are not above our own, so that setting them needs no privilege. (podman lowers
/// its own limit of processes before it starts a container, so all of ours would exceed it.)
fn ulimits() -> Vec<String> {
    const SUFFICIENT: u64 = 4096;
    let text = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let own_limit = |title: &str| -> Option<u64> {
        let values = text.lines().find_map(|line| line.strip_prefix(title))?;
        values.split_whitespace().nth(1)?.parse().ok()
    };
    [("nofile", "Max open files"), ("nproc", "Max processes")]
        .map(|(name, title)| {
            let limit = own_limit(title).unwrap_or(SUFFICIENT).min(SUFFICIENT);
            format!("{name}={limit}:{limit}")
        })
        .to_vec()
}
