//! Builds the built-in policy. `build.rs` and `cargo xtask guest` share this file, so that both
//! create the same bytes.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-wasip2";

/// Runs cargo for the guest of the checkout at `root`, and returns the path of the component.
/// `target_dir` must not be the one of a running cargo, which holds a lock on it.
pub(crate) fn build_guest(root: &Path, target_dir: &Path) -> Result<PathBuf, String> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(root)
        .args(["build", "--package=paude-guest", "--lib", "--profile=guest", "--quiet", "--locked"])
        .arg(format!("--target={TARGET}"))
        .arg("--target-dir")
        .arg(target_dir);
    // The flags and wrappers of the outer build are for another target.
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
            "the guest did not build; if the target is missing, install it with: rustup target add {TARGET}"
        ));
    }
    Ok(target_dir.join(TARGET).join("guest/paude_guest.wasm"))
}
