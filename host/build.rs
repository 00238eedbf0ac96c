//! Builds the guest for wasm32-wasip2, compiles it to machine code with the settings that the
//! host loads it with, and writes both to `OUT_DIR` for `include_bytes!`.

#![expect(clippy::disallowed_methods, reason = "the bans are for the program, not for its build")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

mod build_guest;
#[path = "src/policy/tuning.rs"]
mod tuning;

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    // Not `env!`: a checkout that was moved with its target directory does not recompile this.
    let host = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let root = host.parent().expect("host/ has a parent");
    for path in ["guest/src", "guest/Cargo.toml", "wit", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    for path in ["build_guest.rs", "src/policy/tuning.rs"] {
        println!("cargo::rerun-if-changed={path}");
    }

    let component = build_guest::build_guest(root, &out.join("guest"));
    let component = component.unwrap_or_else(|error| panic!("{error}"));
    let bytes = std::fs::read(&component).expect("cargo built the guest");
    let is_native = env::var_os("TARGET") == env::var_os("HOST");
    let machine_code = if is_native {
        let mut settings = tuning::builtin();
        // An explicit target disables the features of this machine's processor: the program may
        // be copied to another machine.
        let target = env::var("TARGET").expect("cargo sets TARGET");
        settings.target(&target).expect("wasmtime supports the target");
        wasmtime::Engine::new(&settings)
            .and_then(|engine| engine.precompile_component(&bytes))
            .expect("the guest is a valid component")
    } else {
        // This wasmtime compiles for this machine only: the program compiles at every start.
        Vec::new()
    };
    std::fs::write(out.join("policy.cwasm"), machine_code).expect("OUT_DIR is writable");
    std::fs::write(out.join("policy.wasm"), bytes).expect("OUT_DIR is writable");
    if is_native && env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|env| env == "gnu") {
        link_unwinder();
    }
}

/// Links the unwinder statically, if the linker has it as an archive. `std` links the shared
/// library, and loading that takes a fifteenth of the time of a `paude plan`.
fn link_unwinder() {
    let linker = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let output = Command::new(linker).arg("-print-file-name=libgcc_eh.a").output();
    let path = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    // Without the archive, the linker prints the bare name.
    if let Some(path) = path.ok().filter(|path| Path::new(path).is_absolute()) {
        for arg in ["-Wl,--whole-archive", &path, "-Wl,--no-whole-archive"] {
            println!("cargo::rustc-link-arg-bins={arg}");
        }
    }
}
