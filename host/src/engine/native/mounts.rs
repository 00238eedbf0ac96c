//! The mounts of the sandbox.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags as Attr, MountPropagationFlags, MoveMountFlags,
    OpenTreeFlags,
};

use super::error::{At, NativeError, Step};
use crate::render::{Cover, Sandbox};
use crate::unsafe_calls::set_attributes;

const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
const SAFE: Attr = Attr::MOUNT_ATTR_NOSUID.union(Attr::MOUNT_ATTR_NODEV);

/// Changes the mount namespace, a copy of the host's, in place: there is no other root to pivot to.
///
/// Mounts are handled as file descriptors, so a name is only ever looked up, never parsed, and the order is free: what must
/// stay as it is gets cloned before all the rest turns read-only.
pub(super) fn lay_out(sandbox: &Sandbox) -> Result<(), NativeError> {
    // A slave (what the kernel made of shared mounts) would still receive mounts of the host, and receive them writable.
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", private).at(Step::Mount, "/")?;

    let own = Path::new(&sandbox.workspace);
    let workspace = clone_tree(own)?;
    set_attributes(&workspace, c"", SAFE).at(Step::Mount, &sandbox.workspace)?;
    let volumes = sandbox.shadows.iter().map(|cover| match &cover.source {
        None => Ok(None),
        Some(source) => {
            let volume = clone_tree(Path::new(source))?;
            set_attributes(&volume, c"", SAFE).at(Step::Mount, source)?;
            Ok(Some(volume))
        }
    });
    let volumes = volumes.collect::<Result<Vec<_>, NativeError>>()?;
    let mut devices = Vec::new();
    // The terminal itself, where `ttyname` finds it: its own name belongs to the host's devpts, which is not visible.
    let terminal = rustix::termios::ttyname(rustix::stdio::stdin(), Vec::new()).ok();
    let terminal = terminal.map(|t| (OsStr::from_bytes(t.as_bytes()).to_owned(), "console"));
    for (from, name) in
        DEVICES.map(|d| (OsString::from(format!("/dev/{d}")), d)).into_iter().chain(terminal)
    {
        let device = clone_tree(Path::new(&from))?;
        set_attributes(&device, c"", Attr::MOUNT_ATTR_NOSUID | Attr::MOUNT_ATTR_NOEXEC)
            .at(Step::Mount, &from)?;
        devices.push((Path::new("/dev").join(name), device));
    }

    // All submounts at once, seen or not; only ever adds flags, so none that is locked in here gets lost.
    set_attributes(CWD, c"/", SAFE | Attr::MOUNT_ATTR_RDONLY).at(Step::Mount, "/")?;

    mount("/proc", "proc", &[], SAFE | Attr::MOUNT_ATTR_NOEXEC)?;
    // Through these root could change the kernel. To others they are shut anyway, and a covered /proc would forbid them to
    // mount one of their own in there (a sandbox in the sandbox).
    let open_to_root = if rustix::process::geteuid().is_root() {
        &["sys", "sysrq-trigger", "irq", "bus"][..]
    } else {
        &[]
    };
    for part in open_to_root.iter().map(|p| Path::new("/proc").join(p)).filter(|p| p.exists()) {
        let tree = clone_tree(&part)?;
        set_attributes(&tree, c"", Attr::MOUNT_ATTR_RDONLY).at(Step::Mount, &part)?;
        attach(&tree, &part, OFlags::empty())?;
    }
    mount("/dev", "tmpfs", &[("mode", "0755")], SAFE | Attr::MOUNT_ATTR_NOEXEC)?;
    for dir in ["/dev/pts", "/dev/shm"] {
        fs::create_dir(dir).at(Step::Mount, dir)?;
    }
    for (path, device) in &devices {
        fs::File::create(path).at(Step::Mount, path)?;
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
        std::os::unix::fs::symlink(to, Path::new("/dev").join(name)).at(Step::Mount, name)?;
    }
    set_attributes(CWD, c"/dev", Attr::MOUNT_ATTR_RDONLY).at(Step::Mount, "/dev")?;
    mount(
        "/dev/pts",
        "devpts",
        &[("ptmxmode", "0666"), ("mode", "620")],
        Attr::MOUNT_ATTR_NOSUID | Attr::MOUNT_ATTR_NOEXEC,
    )?;
    mount("/dev/shm", "tmpfs", &[("mode", "1777")], SAFE)?;
    let tmp = fs::canonicalize("/tmp").at(Step::Mount, "/tmp")?;
    mount(&tmp, "tmpfs", &[("mode", "1777")], SAFE)?;

    // A workspace below /tmp or /dev/shm has just been covered: its mount point is made
    // anew. Elsewhere it exists.
    fs::create_dir_all(own).at(Step::Mount, own)?;
    attach(&workspace, own, OFlags::DIRECTORY)?;
    for (Cover { target, size, .. }, volume) in sandbox.shadows.iter().zip(&volumes) {
        let target = Path::new(target);
        let covered = target.starts_with(&tmp) || target.starts_with("/dev/shm");
        if covered && !target.starts_with(own) {
            fs::create_dir_all(target).at(Step::Mount, target)?;
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

/// A detached copy of the mounts at and below `path`.
fn clone_tree(path: &Path) -> Result<OwnedFd, NativeError> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE;
    rustix::mount::open_tree(CWD, path, flags).at(Step::Mount, path)
}

/// A new file system at `path`.
fn mount(
    path: impl AsRef<Path>,
    kind: &str,
    options: &[(&str, &str)],
    attributes: Attr,
) -> Result<(), NativeError> {
    let make = || {
        let context = rustix::mount::fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
        rustix::mount::fsconfig_set_string(&context, "source", kind)?; // what mountinfo shows
        for (key, value) in options {
            rustix::mount::fsconfig_set_string(&context, *key, *value)?;
        }
        rustix::mount::fsconfig_create(&context)?;
        rustix::mount::fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
    };
    attach(&make().at(Step::Mount, path.as_ref())?, path.as_ref(), OFlags::DIRECTORY)
}

/// Follows no symbolic link: the project's own processes may be putting one there at this moment.
fn attach(tree: &OwnedFd, path: &Path, kind: OFlags) -> Result<(), NativeError> {
    let flags = OFlags::PATH | OFlags::CLOEXEC | kind;
    let target = rustix::fs::openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)
        .at(Step::Mount, path)?;
    let by_descriptor =
        MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    rustix::mount::move_mount(tree, c"", &target, c"", by_descriptor).at(Step::Mount, path)
}
