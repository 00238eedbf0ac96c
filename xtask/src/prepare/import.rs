//! The test image, as an engine keeps it: three tags of one file system.

use std::fs::File;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::image::Image;
use super::lanes::Lane;
use crate::process::{quietly, say, show};

pub(crate) const PLAIN: &str = "localhost/paude-test:1";
pub(crate) const ENTRYPOINT: &str = "localhost/paude-test-entrypoint:1";
pub(crate) const USER: &str = "localhost/paude-test-user:1";

const LABEL: &str = "paude.recipe";

/// Imports the image where the engine lacks it or has an older one, then makes the other two from it.
pub(crate) fn ensure(lane: &Lane, image: &Image) -> Result<()> {
    if is_current(lane, PLAIN, image)
        && is_current(lane, ENTRYPOINT, image)
        && is_current(lane, USER, image)
    {
        return Ok(());
    }
    say(format!("importing the test image into {}", lane.name));
    let mut import = lane.command();
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
    stream(import.args(["-", PLAIN]), tar)?;
    vary(lane, r#"ENTRYPOINT ["/bin/echo","swallowed"]"#, ENTRYPOINT)?;
    vary(lane, "USER appuser", USER)
}

fn is_current(lane: &Lane, tag: &str, image: &Image) -> bool {
    let format = format!("{{{{index .Config.Labels \"{LABEL}\"}}}}");
    quietly(lane.command().args(["image", "inspect", "--format", &format, tag]))
        .is_ok_and(|had| had == image.recipe)
}

/// A second tag with one thing changed; the layers are shared.
fn vary(lane: &Lane, change: &str, tag: &str) -> Result<()> {
    let id = quietly(lane.command().args(["create", PLAIN, "/bin/true"]))?;
    let id = id.lines().last().unwrap_or_default();
    let committed = quietly(lane.command().args(["commit", "--change", change, id, tag]));
    let removed = quietly(lane.command().args(["rm", id]));
    committed.and(removed).map(drop)
}

/// As [`quietly`], with a file as stdin: the user of the lane need not be able to open it.
fn stream(command: &mut Command, input: File) -> Result<()> {
    let shown = show(command);
    let output = command
        .stdin(input)
        .stdout(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{shown}`"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "`{shown}` failed: {}", said.trim());
    Ok(())
}
