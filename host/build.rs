//! Builds the guest for wasm32-wasip2, compiles it to machine code with the very
//! settings the host loads it with, and leaves both for `include_bytes!`.

#![expect(clippy::disallowed_methods, reason = "the bans are for the program, not for its build")]

use std::env;
use std::path::{Path, PathBuf};

mod build_guest;
#[path = "src/policy/tuning.rs"]
mod tuning;

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("host/ has a parent");
    for path in ["guest/src", "guest/Cargo.toml", "wit", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    for path in ["build_guest.rs", "src/policy/tuning.rs"] {
        println!("cargo::rerun-if-changed={path}");
    }

    let component = build_guest::build_guest(root, &out.join("guest"));
    let component = component.unwrap_or_else(|fault| panic!("{fault}"));
    let bytes = std::fs::read(&component).expect("cargo built the guest");
    let machine_code = if env::var_os("TARGET") == env::var_os("HOST") {
        wasmtime::Engine::new(&tuning::builtin())
            .and_then(|engine| engine.precompile_component(&bytes))
            .expect("the guest is a valid component")
    } else {
        // The compiler at hand knows this machine only; the program compiles at start.
        Vec::new()
    };
    std::fs::write(out.join("policy.cwasm"), machine_code).expect("OUT_DIR is writable");
    std::fs::write(out.join("policy.wasm"), bytes).expect("OUT_DIR is writable");
}
