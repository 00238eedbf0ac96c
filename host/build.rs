//! Compiles the built-in policy to machine code with the settings that the host loads it with, and
//! writes component and code to `OUT_DIR` for `include_bytes!`. A checkout builds the component
//! from the guest; the package of a release carries it.

#![expect(clippy::disallowed_methods, reason = "the bans are for the program, not for its build")]

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

mod build_guest;
#[path = "src/policy/tuning.rs"]
mod tuning;

fn main() {
    let out = PathBuf::from(variable("OUT_DIR"));
    // Not `env!`: a checkout that was moved with its target directory does not recompile this.
    let component = component(Path::new(&variable("CARGO_MANIFEST_DIR")), &out);
    println!("cargo::rerun-if-changed=src/policy/tuning.rs");
    let target = variable("TARGET");
    let code = machine_code(&target, &component);
    assert!(
        !code.is_empty() || variable("PROFILE") != "release",
        "a release needs the machine code of the built-in policy, or each start takes 80 times as \
         long: build with `--features cross`, as {target} is not the architecture of this machine"
    );
    let mut hasher = DefaultHasher::new();
    code.hash(&mut hasher);
    println!("cargo::rustc-env=PAUDE_BUILTIN_CODE_HASH={:016x}", hasher.finish());
    fs::write(out.join("policy.cwasm"), code).expect("OUT_DIR is writable");
    fs::write(out.join("policy.wasm"), component).expect("OUT_DIR is writable");
    if target == variable("HOST") && variable("CARGO_CFG_TARGET_ENV") == "gnu" {
        link_unwinder(&out);
    }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|error| panic!("cargo sets {name}: {error}"))
}

/// The bytes of the component; `host` is the directory of this package.
fn component(host: &Path, out: &Path) -> Vec<u8> {
    let root = host.parent().expect("the package has a parent");
    let is_checkout = root.join("guest/src/detect.rs").is_file();
    if !is_checkout {
        println!("cargo::rerun-if-changed=policy.wasm");
        return fs::read(host.join("policy.wasm"))
            .expect("`cargo xtask package` puts `policy.wasm` into the package");
    }
    for path in [
        "guest/src",
        "guest/Cargo.toml",
        "guest/node",
        "guest/rust",
        "guest/shared",
        "wit",
        "Cargo.toml",
        "Cargo.lock",
    ] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    println!("cargo::rerun-if-changed=build_guest.rs");
    let built = build_guest::build_guest(root, &out.join("guest"));
    let built = built.unwrap_or_else(|error| panic!("{error}"));
    fs::read(built).expect("cargo built the guest")
}

/// The machine code for the target, whatever its libc; empty if this build has no compiler for
/// its architecture. The program then compiles at every start.
fn machine_code(target: &str, component: &[u8]) -> Vec<u8> {
    let is_own = variable("CARGO_CFG_TARGET_ARCH") == env::consts::ARCH
        && variable("CARGO_CFG_TARGET_OS") == env::consts::OS;
    if !is_own && !cfg!(feature = "cross") {
        return Vec::new();
    }
    let mut settings = tuning::builtin();
    // An explicit target disables the features of this machine's processor: the program may be
    // copied to another machine.
    settings.target(target).expect("wasmtime supports the target");
    wasmtime::Engine::new(&settings)
        .and_then(|engine| engine.precompile_component(component))
        .expect("the component is valid")
}

/// Links the unwinder statically, if the linker has it as an archive. `std` links the shared
/// library, and loading that takes a fifteenth of the time of a `paude plan`.
fn link_unwinder(out: &Path) {
    let linker = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let output = Command::new(&linker).arg("-print-file-name=libgcc_eh.a").output();
    let path = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    // Without the archive, the linker prints the bare name.
    let Some(path) = path.ok().filter(|path| Path::new(path).is_absolute()) else { return };
    let args = ["-Wl,--whole-archive", &path, "-Wl,--no-whole-archive"];
    // A linker for other machines, such as zig's, names this machine's archive although that
    // needs a newer libc than the one it links: only a link shows it.
    let source = out.join("unwinder.c");
    fs::write(&source, "int main(void) { return 0; }\n").expect("OUT_DIR is writable");
    let linked =
        Command::new(&linker).arg(source).args(args).arg("-o").arg(out.join("unwinder")).output();
    if linked.is_ok_and(|output| output.status.success()) {
        for arg in args {
            println!("cargo::rustc-link-arg-bins={arg}");
        }
    }
}
