//! How the built-in policy is built: for the program by `build.rs`, and for everyone
//! else by `cargo xtask guest`. One file, so that both make the same bytes.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-wasip2";

/// Runs cargo for the guest of the checkout at `root`, and returns the component's file.
/// The target directory is one of its own: an outer cargo holds a lock on its.
pub(crate) fn build_guest(root: &Path, target_dir: &Path) -> Result<PathBuf, String> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(root)
        .args(["build", "--package=paude-guest", "--lib", "--profile=guest", "--quiet", "--locked"])
        .arg(format!("--target={TARGET}"))
        .arg("--target-dir")
        .arg(target_dir);
    // What the outer build is told about its own target does not fit the guest's.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("RUSTC_W")
            || name.starts_with("CARGO_ENCODED_RUSTFLAGS")
            || name.starts_with("CARGO_BUILD_")
            || name == "RUSTFLAGS"
        {
            cargo.env_remove(name.as_ref());
        }
    }
    let status = cargo.status().map_err(|error| format!("cannot start cargo: {error}"))?;
    if !status.success() {
        return Err(format!(
            "the guest did not build; if the target is missing, this mends it: rustup target add {TARGET}"
        ));
    }
    Ok(target_dir.join(TARGET).join("guest/paude_guest.wasm"))
}
