//! Builds the guest for wasm32-wasip2, compiles it to machine code with the very
//! settings the host loads it with, and leaves both for `include_bytes!`.

#![expect(clippy::disallowed_methods, reason = "the bans are for the program, not for its build")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

mod build_guest;
#[path = "src/policy/tuning.rs"]
mod tuning;

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("host/ has a parent");
    for path in ["guest/src", "guest/Cargo.toml", "wit", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    for path in ["build_guest.rs", "src/policy/tuning.rs"] {
        println!("cargo::rerun-if-changed={path}");
    }

    let component = build_guest::build_guest(root, &out.join("guest"));
    let component = component.unwrap_or_else(|fault| panic!("{fault}"));
    let bytes = std::fs::read(&component).expect("cargo built the guest");
    let is_native = env::var_os("TARGET") == env::var_os("HOST");
    let machine_code = if is_native {
        let mut settings = tuning::builtin();
        // Named, it is compiled for every processor of its kind, and not for this one: the
        // program may be copied.
        settings.target(&env::var("TARGET").expect("cargo sets TARGET")).expect("it is known");
        wasmtime::Engine::new(&settings)
            .and_then(|engine| engine.precompile_component(&bytes))
            .expect("the guest is a valid component")
    } else {
        // The compiler at hand knows this machine only; the program compiles at start.
        Vec::new()
    };
    std::fs::write(out.join("policy.cwasm"), machine_code).expect("OUT_DIR is writable");
    std::fs::write(out.join("policy.wasm"), bytes).expect("OUT_DIR is writable");
    if is_native && env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|env| env == "gnu") {
        link_unwinder();
    }
}

/// Links the unwinder into the program, if the linker has it as an archive: std brings the
/// shared library of it, which takes a fifteenth of a `paude plan` to load.
fn link_unwinder() {
    let linker = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let found = Command::new(linker).arg("-print-file-name=libgcc_eh.a").output();
    let path = found.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    // Where there is none, the bare name is said.
    if let Some(path) = path.ok().filter(|path| Path::new(path).is_absolute()) {
        for arg in ["-Wl,--whole-archive", &path, "-Wl,--no-whole-archive"] {
            println!("cargo::rustc-link-arg-bins={arg}");
        }
    }
}
