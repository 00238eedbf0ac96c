//! The mounts of the sandbox.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags as Attr, MountPropagationFlags, MoveMountFlags,
    OpenTreeFlags,
};

use super::error::{At, NativeError, StartStep};
use crate::render::{FurtherMount, Sandbox, ShadowMount};
use crate::unsafe_calls::set_attributes;

const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
const SAFE: Attr = Attr::MOUNT_ATTR_NOSUID.union(Attr::MOUNT_ATTR_NODEV);

/// Changes the mount namespace, a copy of the host's, in place: there is no other root to pivot
/// to.
///
/// Mounts are handled as file descriptors, so a name is only ever looked up, never parsed. What
/// stays writable is cloned before everything turns read-only, and attached afterwards.
pub(super) fn set_up(sandbox: &Sandbox) -> Result<(), NativeError> {
    // The kernel turns shared mounts into slaves, which would still receive mounts of the host,
    // and receive them writable.
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", private).at(StartStep::Mount, "/")?;

    let access = if sandbox.read_only { Attr::MOUNT_ATTR_RDONLY } else { Attr::empty() };
    let workspace = clone_with(Path::new(&sandbox.workspace), SAFE | access)?;
    let further = clone_further(sandbox)?;
    let volumes = clone_volumes(sandbox)?;
    let devices = clone_devices()?;

    // All submounts at once, visible or not. It only adds flags, so that it clears none that
    // the kernel has locked.
    set_attributes(CWD, c"/", SAFE | Attr::MOUNT_ATTR_RDONLY).at(StartStep::Mount, "/")?;

    mount_proc()?;
    mount_dev(&devices)?;
    let tmp = fs::canonicalize("/tmp").at(StartStep::Mount, "/tmp")?;
    mount(&tmp, "tmpfs", &[("mode", "1777")], SAFE)?;
    attach_shared(&sandbox.workspace, &workspace)?;
    for (directory, tree) in sandbox.further.iter().zip(&further) {
        attach_shared(&directory.path, tree)?;
    }
    mount_shadows(sandbox, &volumes, &tmp)
}

/// Clones the directories that are shared besides the workspace.
fn clone_further(sandbox: &Sandbox) -> Result<Vec<OwnedFd>, NativeError> {
    let clone = |directory: &FurtherMount| {
        let access = if directory.read_only { Attr::MOUNT_ATTR_RDONLY } else { Attr::empty() };
        clone_with(Path::new(&directory.path), SAFE | access)
    };
    sandbox.further.iter().map(clone).collect()
}

/// Clones the volume of each shadow; `None` for a shadow in memory.
fn clone_volumes(sandbox: &Sandbox) -> Result<Vec<Option<OwnedFd>>, NativeError> {
    let sources = sandbox.shadows.iter().map(|shadow| shadow.source.as_deref());
    sources.map(|source| source.map(|dir| clone_with(Path::new(dir), SAFE)).transpose()).collect()
}

/// Clones the device files of the new `/dev`; each with its path there.
fn clone_devices() -> Result<Vec<(PathBuf, OwnedFd)>, NativeError> {
    let devices = DEVICES.map(|name| (OsString::from(format!("/dev/{name}")), name));
    // The terminal goes to /dev/console, where `ttyname` finds it: its own name belongs to the
    // host's devpts, which is not visible.
    let terminal = rustix::termios::ttyname(rustix::stdio::stdin(), Vec::new()).ok();
    let terminal = terminal.map(|t| (OsStr::from_bytes(t.as_bytes()).to_owned(), "console"));
    let clone = |(from, name): (OsString, &str)| -> Result<_, NativeError> {
        let attributes = Attr::MOUNT_ATTR_NOSUID | Attr::MOUNT_ATTR_NOEXEC;
        Ok((Path::new("/dev").join(name), clone_with(Path::new(&from), attributes)?))
    };
    devices.into_iter().chain(terminal).map(clone).collect()
}

/// Mounts a new `/proc`, in which root cannot write to the kernel's own files.
fn mount_proc() -> Result<(), NativeError> {
    mount("/proc", "proc", &[], SAFE | Attr::MOUNT_ATTR_NOEXEC)?;
    // Other users may not write to them anyway, and covering parts of /proc would forbid them to
    // mount their own in a nested sandbox.
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let parts = ["sys", "sysrq-trigger", "irq", "bus"].map(|name| Path::new("/proc").join(name));
    for part in parts.iter().filter(|part| part.exists()) {
        attach(&clone_with(part, Attr::MOUNT_ATTR_RDONLY)?, part, OFlags::empty())?;
    }
    Ok(())
}

/// Mounts a new `/dev` with these devices, its own `pts` and its own `shm`.
fn mount_dev(devices: &[(PathBuf, OwnedFd)]) -> Result<(), NativeError> {
    mount("/dev", "tmpfs", &[("mode", "0755")], SAFE | Attr::MOUNT_ATTR_NOEXEC)?;
    for dir in ["/dev/pts", "/dev/shm"] {
        fs::create_dir(dir).at(StartStep::Mount, dir)?;
    }
    for (path, device) in devices {
        fs::File::create(path).at(StartStep::Mount, path)?;
        attach(device, path, OFlags::empty())?;
    }
    let links = [
        ("pts/ptmx", "ptmx"),
        ("/proc/self/fd", "fd"),
        ("fd/0", "stdin"),
        ("fd/1", "stdout"),
        ("fd/2", "stderr"),
    ];
    for (to, name) in links {
        std::os::unix::fs::symlink(to, Path::new("/dev").join(name)).at(StartStep::Mount, name)?;
    }
    set_attributes(CWD, c"/dev", Attr::MOUNT_ATTR_RDONLY).at(StartStep::Mount, "/dev")?;
    mount(
        "/dev/pts",
        "devpts",
        &[("ptmxmode", "0666"), ("mode", "620")],
        Attr::MOUNT_ATTR_NOSUID | Attr::MOUNT_ATTR_NOEXEC,
    )?;
    mount("/dev/shm", "tmpfs", &[("mode", "1777")], SAFE)
}

/// Attaches a shared directory at its own path.
fn attach_shared(path: &OsStr, tree: &OwnedFd) -> Result<(), NativeError> {
    let path = Path::new(path);
    // The new /tmp or /dev/shm may have covered the mount point; elsewhere it exists.
    fs::create_dir_all(path).at(StartStep::Mount, path)?;
    attach(tree, path, OFlags::DIRECTORY)
}

/// Mounts each shadow: its volume, or an empty tmpfs.
fn mount_shadows(
    sandbox: &Sandbox,
    volumes: &[Option<OwnedFd>],
    tmp: &Path,
) -> Result<(), NativeError> {
    for (ShadowMount { target, size, .. }, volume) in sandbox.shadows.iter().zip(volumes) {
        let target = Path::new(target);
        let covered = target.starts_with(tmp) || target.starts_with("/dev/shm");
        let mut shared = sandbox.further.iter().map(|further| &further.path);
        let is_shared = target.starts_with(&sandbox.workspace)
            || shared.any(|directory| target.starts_with(directory));
        if covered && !is_shared {
            fs::create_dir_all(target).at(StartStep::Mount, target)?;
        }
        if let Some(volume) = volume {
            attach(volume, target, OFlags::DIRECTORY)?;
            continue;
        }
        let size = size.map(|bytes| bytes.to_string());
        let size = size.as_deref().map(|bytes| ("size", bytes));
        let options: Vec<_> = size.into_iter().chain([("mode", "0755")]).collect();
        mount(target, "tmpfs", &options, SAFE)?;
    }
    Ok(())
}

/// Returns a detached copy of the mounts at and below `path`, with these attributes added.
fn clone_with(path: &Path, attributes: Attr) -> Result<OwnedFd, NativeError> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE;
    let tree = rustix::mount::open_tree(CWD, path, flags).at(StartStep::Mount, path)?;
    set_attributes(&tree, c"", attributes).at(StartStep::Mount, path)?;
    Ok(tree)
}

/// Mounts a new file system at `path`.
fn mount(
    path: impl AsRef<Path>,
    kind: &str,
    options: &[(&str, &str)],
    attributes: Attr,
) -> Result<(), NativeError> {
    let create = || {
        let context = rustix::mount::fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
        rustix::mount::fsconfig_set_string(&context, "source", kind)?; // shown in mountinfo
        for (key, value) in options {
            rustix::mount::fsconfig_set_string(&context, *key, *value)?;
        }
        rustix::mount::fsconfig_create(&context)?;
        rustix::mount::fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
    };
    attach(&create().at(StartStep::Mount, path.as_ref())?, path.as_ref(), OFlags::DIRECTORY)
}

/// Attaches a detached mount at `path`, and follows no symbolic link: a process in the project
/// may be replacing the path with one at this moment.
fn attach(tree: &OwnedFd, path: &Path, kind: OFlags) -> Result<(), NativeError> {
    let flags = OFlags::PATH | OFlags::CLOEXEC | kind;
    let target = rustix::fs::openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)
        .at(StartStep::Mount, path)?;
    let by_descriptor =
        MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    rustix::mount::move_mount(tree, c"", &target, c"", by_descriptor).at(StartStep::Mount, path)
}
