//! The test image in an engine's storage: three tags of one file system.

use std::fs::File;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::image::TestImage;
use super::lane::Lane;
use crate::process::{format_command, report, run_captured};

pub(crate) const PLAIN: &str = "localhost/paude-test:1";
pub(crate) const ENTRYPOINT: &str = "localhost/paude-test-entrypoint:1";
pub(crate) const USER: &str = "localhost/paude-test-user:1";

const LABEL: &str = "paude.recipe";

/// Imports the image unless the engine has this version of it, and creates the two variants from it.
pub(crate) fn ensure(lane: &Lane, image: &TestImage) -> Result<()> {
    if [PLAIN, ENTRYPOINT, USER].iter().all(|tag| is_current(lane, tag, image)) {
        return Ok(());
    }
    report(format!("importing the test image into {}", lane.name));
    let mut import = lane.engine_command();
    import.arg("import");
    for change in [
        "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        r#"CMD ["/bin/bash"]"#,
        &format!("LABEL {LABEL}={}", image.recipe),
    ] {
        import.args(["--change", change]);
    }
    let tar =
        File::open(&image.tar).with_context(|| format!("cannot read {}", image.tar.display()))?;
    run_with_input(import.args(["-", PLAIN]), tar)?;
    create_variant(lane, r#"ENTRYPOINT ["/bin/echo","swallowed"]"#, ENTRYPOINT)?;
    create_variant(lane, "USER appuser", USER)
}

fn is_current(lane: &Lane, tag: &str, image: &TestImage) -> bool {
    let format = format!("{{{{index .Config.Labels \"{LABEL}\"}}}}");
    run_captured(lane.engine_command().args(["image", "inspect", "--format", &format, tag]))
        .is_ok_and(|recipe| recipe == image.recipe)
}

/// Creates another tag with one change; the layers are shared.
fn create_variant(lane: &Lane, change: &str, tag: &str) -> Result<()> {
    let id = run_captured(lane.engine_command().args(["create", PLAIN, "/bin/true"]))?;
    let id = id.lines().last().unwrap_or_default();
    let committed =
        run_captured(lane.engine_command().args(["commit", "--change", change, id, tag]));
    let removed = run_captured(lane.engine_command().args(["rm", id]));
    committed.and(removed).map(drop)
}

/// Runs a command with an open file as stdin, because the user of the lane may be unable to open it.
fn run_with_input(command: &mut Command, input: File) -> Result<()> {
    let shown = format_command(command);
    let output = command
        .stdin(input)
        .stdout(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{shown}`"))?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "`{shown}` failed: {}", stderr.trim());
    Ok(())
}
