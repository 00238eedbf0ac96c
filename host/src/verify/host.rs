//! Whether an environment of the host works.

use super::Verdict;
use crate::engine::ask;
use crate::plan::Plan;

/// Says its version. `-B` leaves nothing behind in it, `-I` keeps the person's own variables
/// out.
const PROBE: [&str; 4] =
    ["-I", "-B", "-c", "import sys; print('Python %d.%d.%d' % sys.version_info[:3])"];

/// Runs the Python of each environment that the plan hides. **This is the project's own
/// code, on the host.**
pub(super) fn works(plan: &Plan) -> (Verdict, String) {
    let (mut seen, mut failed) = (Vec::new(), Vec::new());
    for shadow in plan.shadows().iter().filter(|shadow| shadow.is_python()) {
        let (path, directory) = (shadow.path(), plan.workspace().join(shadow.path()));
        let python = directory.as_path().join("bin/python");
        // An environment of conda or pixi can be without one.
        let is_conda = directory.as_path().join("conda-meta").is_dir();
        if is_conda && python.symlink_metadata().is_err() {
            continue;
        }
        let answer = ask(python, &PROBE);
        match answer.ok {
            true => seen.push(format!("`{path}`, {}", answer.stdout)),
            false => failed.push(format!("`{path}`: {}", answer.last())),
        }
    }
    match (seen.is_empty(), failed.is_empty()) {
        (_, false) => (Verdict::Failed, failed.join("; ")),
        (true, true) => (Verdict::Skipped, "there is none".to_owned()),
        (false, true) => (Verdict::Passed, seen.join("; ")),
    }
}
