//! `cargo xtask lint`: formatting and clippy.

use anyhow::Result;

use crate::place::Place;
use crate::process;

/// Formatting first, it takes a second; then clippy with warnings as errors.
pub(crate) fn run(place: &Place) -> Result<u8> {
    let chores: [&[&str]; 2] = [
        &["fmt", "--check"],
        &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"],
    ];
    for args in chores {
        process::say(format!("cargo {}", args.join(" ")));
        let code = process::exit_code(process::cargo(&place.root).args(args))?;
        if code != 0 {
            return Ok(code);
        }
    }
    Ok(0)
}
