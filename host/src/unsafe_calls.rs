//! All unsafe code of `paude`: each block is one call, behind a safe function.
#![expect(
    unsafe_code,
    reason = "loading our own machine code, and system calls that have no safe form in std or rustix"
)]

use std::ptr::NonNull;

use wasmtime::component::Component;

/// Machine code at the start of a page, as `mmap` would put it.
#[repr(C, align(4096))]
struct Paged<const LENGTH: usize>([u8; LENGTH]);

const LENGTH: usize = include_bytes!(concat!(env!("OUT_DIR"), "/policy.cwasm")).len();

// On Linux among the program's own code, and so executable where it lies.
#[cfg_attr(target_os = "linux", unsafe(link_section = ".text.paude_policy"))]
static CODE: Paged<LENGTH> = Paged(*include_bytes!(concat!(env!("OUT_DIR"), "/policy.cwasm")));

/// Whether the machine code is there: not if this program was cross-compiled, as build.rs
/// had no compiler for this machine.
pub(crate) const BUILTIN_COMPILED: bool = LENGTH > 0;

/// Whether it can be run where it lies.
pub(crate) const BUILTIN_EXECUTABLE: bool = BUILTIN_COMPILED && cfg!(target_os = "linux");

/// The built-in policy of its machine code, which is there: where it lies, or a copy of it.
pub(crate) fn builtin_policy(
    engine: &wasmtime::Engine,
    in_place: bool,
) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are the unchanged output of `precompile_component`, made in
    // the same build by the same wasmtime (`=` in Cargo.toml) with the same
    // settings (`tuning.rs` is one file). No path, variable or argument reaches them.
    // They are a `static` that nothing can change, and last as long as the program.
    unsafe {
        match in_place {
            true => Component::deserialize_raw(engine, NonNull::from(&CODE.0[..])),
            false => Component::deserialize(engine, &CODE.0[..]),
        }
    }
}

/// Whether a signal is ignored.
pub(crate) fn is_ignored(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: nothing is set; what is there is written to `action`, which zeroes fill for
    // the case that it fails.
    let action = unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}

#[cfg(target_os = "linux")]
pub(crate) use linux::*;

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::CStr;
    use std::io;
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    use rustix::fd::{AsFd, AsRawFd as _};
    use rustix::mount::MountAttrFlags;
    use rustix::process::{Pid, Signal};
    use rustix::thread::UnshareFlags;

    /// Leaves namespaces; not for the table of descriptors.
    pub(crate) fn unshare(what: UnshareFlags) -> io::Result<()> {
        assert!(!what.contains(UnshareFlags::FILES), "descriptors stay shared");
        // SAFETY: unsafe only for the table of descriptors, which is not asked for.
        Ok(unsafe { rustix::thread::unshare_unsafe(what) }?)
    }

    /// `None` in the child. Only for a process with a single thread.
    pub(crate) fn fork() -> io::Result<Option<Pid>> {
        // SAFETY: the only caller is the sandbox helper, which was executed afresh and
        // starts no thread. So the child finds no lock held, and may do all that the
        // parent may.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            pid => Ok(Pid::from_raw(pid)),
        }
    }

    /// The child is told to end if paude is killed: more exactly, if the thread that starts
    /// it ends. (podman's client, killed, leaves half a container that it cannot remove.)
    pub(crate) fn end_with_parent(command: &mut Command) {
        let parent = rustix::process::getpid();
        // SAFETY: between fork and exec it makes two system calls, and nothing else.
        unsafe {
            command.pre_exec(move || {
                rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
                match rustix::process::getppid() == Some(parent) {
                    true => Ok(()),
                    false => Err(io::Error::from_raw_os_error(libc::ESRCH)),
                }
            });
        }
    }

    /// The child leads a process group of its own, and takes the terminal for it before it
    /// becomes its program: a shell that found itself in the background would stop.
    pub(crate) fn start_in_front(command: &mut Command) {
        command.process_group(0);
        // SAFETY: between fork and exec it makes four system calls, and nothing else.
        unsafe {
            command.pre_exec(|| {
                let before = libc::signal(libc::SIGTTOU, libc::SIG_IGN);
                let taken =
                    rustix::termios::tcsetpgrp(rustix::stdio::stdin(), rustix::process::getpid());
                libc::signal(libc::SIGTTOU, before);
                Ok(taken?)
            });
        }
    }

    /// Lets a background process call `tcsetpgrp`. Only once nothing more is started,
    /// which would inherit it.
    pub(crate) fn ignore_sigttou() {
        // SAFETY: SIG_IGN installs no handler, so no code of ours runs at odd moments.
        unsafe { libc::signal(libc::SIGTTOU, libc::SIG_IGN) };
    }

    /// Nothing that paude inherited may reach the command: through a directory
    /// opened outside, all would be writable.
    pub(crate) fn close_on_exec() -> io::Result<()> {
        let flags = libc::CLOSE_RANGE_CLOEXEC;
        // SAFETY: plain numbers; sets a flag, and closes nothing that an owner counts on.
        match unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, flags) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Sets attributes on the mount at `path` below `dir` and on all below it.
    pub(crate) fn set_attributes(
        dir: impl AsFd,
        path: &CStr,
        set: MountAttrFlags,
    ) -> io::Result<()> {
        // struct mount_attr: set, clear, propagation, user namespace.
        let attr: [u64; 4] = [set.bits().into(), 0, 0, 0];
        let flags = libc::AT_EMPTY_PATH | libc::AT_RECURSIVE;
        let dir = dir.as_fd().as_raw_fd();
        let size = size_of_val(&attr);
        // SAFETY: `path` ends with NUL, `attr` has the layout and the size that the
        // kernel is told, and both outlive the call.
        match unsafe {
            libc::syscall(libc::SYS_mount_setattr, dir, path.as_ptr(), flags, attr.as_ptr(), size)
        } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}
