//! All unsafe code of `paude`: each block makes one call, behind a safe function.
#![expect(
    unsafe_code,
    reason = "loads machine code, and makes system calls that std and rustix have no safe form of"
)]

use std::ptr::NonNull;

use wasmtime::component::Component;

/// Machine code aligned to a page, as `mmap` would place it.
#[repr(C, align(4096))]
struct PageAligned<const LENGTH: usize>([u8; LENGTH]);

const LENGTH: usize = include_bytes!(concat!(env!("OUT_DIR"), "/policy.cwasm")).len();

// On Linux in the section of the program's own code, and so executable in place.
#[cfg_attr(target_os = "linux", unsafe(link_section = ".text.paude_policy"))]
static CODE: PageAligned<LENGTH> =
    PageAligned(*include_bytes!(concat!(env!("OUT_DIR"), "/policy.cwasm")));

/// Whether the program contains the machine code: not if it was cross-compiled, as build.rs
/// then has no compiler for the target.
pub(crate) const BUILTIN_COMPILED: bool = LENGTH > 0;

/// Whether the machine code can be executed in place.
pub(crate) const BUILTIN_EXECUTABLE: bool = BUILTIN_COMPILED && cfg!(target_os = "linux");

/// Loads machine code from the cache. Requires that it is the unchanged output of
/// `Component::serialize` in a process of this user.
pub(crate) fn cached_policy(engine: &wasmtime::Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: only `policy::cache` calls this, with the content of a file in a directory that no
    // other user can write, after a hash has shown that it is undamaged. wasmtime itself rejects
    // code of another version, target or engine.
    unsafe { Component::deserialize(engine, code) }
}

/// Loads the built-in policy from its machine code, in place or as a copy. Requires
/// [`BUILTIN_COMPILED`], and [`BUILTIN_EXECUTABLE`] if `in_place`.
pub(crate) fn builtin_policy(
    engine: &wasmtime::Engine,
    in_place: bool,
) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are the unchanged output of `precompile_component`, created in
    // the same build by the same wasmtime (`=` in Cargo.toml) with the same
    // settings (`tuning.rs` is one file). No path, variable or argument affects them.
    // They are in an immutable `static`, which lives as long as the program.
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
    // SAFETY: a null pointer changes no handler; the current one is written to `action`, which
    // is valid even if the call fails, as all zeroes are.
    let action = unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}

/// Has the child lead a new session, in which no terminal sends it signals or stops it.
pub(crate) fn lead_session(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt as _;
    // SAFETY: between fork and exec the closure only makes one system call.
    unsafe {
        command.pre_exec(|| Ok(rustix::process::setsid().map(drop)?));
    }
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

    /// Moves this process into new namespaces. Panics if asked to unshare the descriptor table.
    pub(crate) fn unshare(namespaces: UnshareFlags) -> io::Result<()> {
        assert!(!namespaces.contains(UnshareFlags::FILES), "descriptors stay shared");
        // SAFETY: unsafe only for the descriptor table, which the assertion excludes.
        Ok(unsafe { rustix::thread::unshare_unsafe(namespaces) }?)
    }

    /// Forks; returns the child's id, and `None` in the child. Only for a process with a single
    /// thread.
    pub(crate) fn fork() -> io::Result<Option<Pid>> {
        // SAFETY: the callers are the sandbox helper, which was executed afresh and starts no
        // thread, and `paude exec` with its own helper, which has looked that there is one thread.
        // So no lock is held in the child, which may call anything that the parent may.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            pid => Ok(Pid::from_raw(pid)),
        }
    }

    /// Has the child receive this signal if paude is killed; more exactly, if the thread that
    /// starts it ends. Clients get SIGTERM, as podman's would leave a half-created container that
    /// cannot be removed if it were killed.
    pub(crate) fn end_with_parent(command: &mut Command, signal: Signal) {
        let parent = rustix::process::getpid();
        // SAFETY: between fork and exec the closure only makes two system calls.
        unsafe {
            command.pre_exec(move || {
                rustix::process::set_parent_process_death_signal(Some(signal))?;
                match rustix::process::getppid() == Some(parent) {
                    true => Ok(()),
                    false => Err(io::Error::from_raw_os_error(libc::ESRCH)),
                }
            });
        }
    }

    /// Has the child lead a new process group in the terminal's foreground. It moves there
    /// before its exec, because a shell that starts in the background stops itself.
    pub(crate) fn start_in_foreground(command: &mut Command) {
        command.process_group(0);
        // SAFETY: between fork and exec the closure only makes four system calls.
        unsafe {
            command.pre_exec(|| {
                let previous = libc::signal(libc::SIGTTOU, libc::SIG_IGN);
                let result =
                    rustix::termios::tcsetpgrp(rustix::stdio::stdin(), rustix::process::getpid());
                libc::signal(libc::SIGTTOU, previous);
                Ok(result?)
            });
        }
    }

    /// Ignores SIGTTOU, so that a background process may call `tcsetpgrp`. Only once this
    /// process starts no more programs, which would inherit that.
    pub(crate) fn ignore_sigttou() {
        // SAFETY: SIG_IGN installs no handler, so no code runs in a signal context.
        unsafe { libc::signal(libc::SIGTTOU, libc::SIG_IGN) };
    }

    /// Marks every descriptor but the standard streams close-on-exec. The command must not
    /// inherit a directory opened outside the sandbox, below which all would be writable.
    pub(crate) fn close_on_exec() -> io::Result<()> {
        let flags = libc::CLOSE_RANGE_CLOEXEC;
        // SAFETY: takes plain numbers, sets a flag, and closes no descriptor.
        match unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, flags) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Takes the interface `lo` of this network namespace up (netdevice(7)).
    pub(crate) fn raise_loopback() -> io::Result<()> {
        /// The part of `struct ifreq` that SIOCSIFFLAGS reads, and as much as it may copy.
        #[repr(C)]
        struct InterfaceFlags {
            name: [u8; libc::IFNAMSIZ],
            flags: libc::c_short,
            rest: [u8; 30],
        }
        let mut name = [0; libc::IFNAMSIZ];
        name[..2].copy_from_slice(b"lo");
        let flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
        let request = InterfaceFlags { name, flags, rest: [0; 30] };
        // Any socket will do.
        let socket = std::net::UdpSocket::bind((std::net::Ipv4Addr::UNSPECIFIED, 0))?;
        // Each libc has a type of its own for the number.
        let set = libc::SIOCSIFFLAGS as _;
        // SAFETY: the kernel copies a `struct ifreq` of at most 40 bytes, which `request` has, and
        // writes nothing; the socket and `request` outlive the call.
        match unsafe { libc::ioctl(socket.as_raw_fd(), set, &raw const request) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Sets attributes on the mount at `path` below `dir` and on its submounts.
    pub(crate) fn set_attributes(
        dir: impl AsFd,
        path: &CStr,
        set: MountAttrFlags,
    ) -> io::Result<()> {
        // `struct mount_attr`: set, clear, propagation, user namespace.
        let attr: [u64; 4] = [set.bits().into(), 0, 0, 0];
        let flags = libc::AT_EMPTY_PATH | libc::AT_RECURSIVE;
        let dir = dir.as_fd().as_raw_fd();
        let size = size_of_val(&attr);
        // SAFETY: `path` ends with NUL, `attr` has the layout that the kernel expects and the
        // size that is passed, and both outlive the call.
        match unsafe {
            libc::syscall(libc::SYS_mount_setattr, dir, path.as_ptr(), flags, attr.as_ptr(), size)
        } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}
