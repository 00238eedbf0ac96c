//! The steps on the host: whether its environments work.

use super::StepResult;
use crate::engine::query;
use crate::plan::Plan;

/// Prints the version of Python. `-B` writes no bytecode into the environment, and `-I` ignores
/// the user's own variables and packages.
const PROBE: [&str; 4] =
    ["-I", "-B", "-c", "import sys; print('Python %d.%d.%d' % sys.version_info[:3])"];

/// Runs the Python of each environment that the plan hides. **This is the project's own code, on
/// the host.** Returns the message with the result.
pub(super) fn run_environments(plan: &Plan) -> (StepResult, String) {
    let (mut passed, mut failed) = (Vec::new(), Vec::new());
    for shadow in plan.shadows().iter().filter(|shadow| shadow.is_python()) {
        let (path, directory) = (shadow.path(), plan.workspace().join(shadow.path()));
        let python = directory.as_path().join("bin/python");
        // A conda prefix need not have a Python.
        let is_conda = directory.as_path().join("conda-meta").is_dir();
        if is_conda && python.symlink_metadata().is_err() {
            continue;
        }
        let output = query(python, &PROBE);
        match output.ok {
            true => passed.push(format!("`{path}`, {}", output.stdout)),
            false => failed.push(format!("`{path}`: {}", output.last_line())),
        }
    }
    match (passed.is_empty(), failed.is_empty()) {
        (_, false) => (StepResult::Failed, failed.join("; ")),
        (true, true) => (StepResult::Skipped, "there is none".to_owned()),
        (false, true) => (StepResult::Passed, passed.join("; ")),
    }
}
