//! podman's configuration for the tests: what kernels in small virtual machines need of it, and storage of its own, so
//! that the developer's containers and images are neither seen nor touched.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::lanes::Lane;
use crate::place;
use crate::process::which;

/// The directories of one podman.
pub(crate) struct Home {
    /// Where the two files go.
    pub(crate) conf: PathBuf,
    /// Images and containers.
    pub(crate) storage: PathBuf,
    /// Mounts, locks and sockets: short, and gone when the machine restarts.
    pub(crate) run: PathBuf,
    /// Whether it is root's.
    pub(crate) rootful: bool,
}

impl Home {
    /// Writes both files and lets the lane use them.
    pub(crate) fn configure(&self, lane: &mut Lane) -> Result<()> {
        place::make_dir(&self.conf)?;
        let containers = self.conf.join("containers.conf");
        let storage = self.conf.join("storage.conf");
        place::write(&containers, &containers_conf(&self.run, self.rootful))?;
        place::write(&storage, &storage_conf(&self.storage, &self.run))?;
        lane.env.insert("CONTAINERS_CONF", containers.display().to_string());
        lane.env.insert("CONTAINERS_STORAGE_CONF", storage.display().to_string());
        Ok(())
    }
}

/// runc copes with mixed cgroup hierarchies, which crun refuses; only systemd can be asked for a cgroup, and it alone
/// where it runs; a network needs devices that a small machine lacks, and no test needs a network; limits above our own
/// cannot be set; lock files of its own keep it apart from other podmans.
fn containers_conf(run: &Path, rootful: bool) -> String {
    let with_systemd = rootful && Path::new("/run/systemd/system").exists();
    let line = |wanted: bool, text: String| if wanted { text } else { String::new() };
    let ulimits = line(rootful, format!("default_ulimits = {:?}\n", ulimits()));
    let manager = line(!with_systemd, "cgroup_manager = \"cgroupfs\"\n".to_owned());
    let runtime = line(which("runc").is_some(), "runtime = \"runc\"\n".to_owned());
    format!(
        "# Written by `cargo xtask`, for the tests.\n\
         [containers]\n\
         netns = \"none\"\n\
         log_driver = \"k8s-file\"\n\
         {ulimits}\n\
         [engine]\n\
         {runtime}{manager}\
         events_logger = \"file\"\n\
         lock_type = \"file\"\n\
         tmp_dir = {:?}\n",
        run.join("libpod"),
    )
}

fn storage_conf(storage: &Path, run: &Path) -> String {
    format!(
        "# Written by `cargo xtask`, for the tests.\n\
         [storage]\n\
         driver = \"overlay\"\n\
         graphroot = {storage:?}\n\
         rootless_storage_path = {storage:?}\n\
         runroot = {:?}\n",
        run.join("storage")
    )
}

/// Plenty for the tests, and not above our own limits: nobody needs a privilege to set these. (podman lowers its own
/// limit of processes before it starts a container, so that all of ours would be too much.)
fn ulimits() -> Vec<String> {
    const PLENTY: u64 = 4096;
    let text = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let own = |title: &str| -> Option<u64> {
        let values = text.lines().find_map(|line| line.strip_prefix(title))?;
        values.split_whitespace().nth(1)?.parse().ok()
    };
    [("nofile", "Max open files"), ("nproc", "Max processes")]
        .map(|(name, title)| {
            let limit = own(title).unwrap_or(PLENTY).min(PLENTY);
            format!("{name}={limit}:{limit}")
        })
        .to_vec()
}
