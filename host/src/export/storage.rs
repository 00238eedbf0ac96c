//! What the shadows of a plan are stored in, and the names of that.

use super::ExportInput;
use crate::plan::Shadow;
use crate::value::hashed_name;

/// Whether any shadow is kept.
pub(super) fn keeps_any(input: &ExportInput<'_>) -> bool {
    input.plan.kept_shadows().next().is_some()
}

/// A name that no other project has: `paude-` and a hash of the project's path.
pub(super) fn project_name(input: &ExportInput<'_>) -> String {
    name(&[&input.plan.workspace().as_path().to_string_lossy()])
}

/// A name for the storage of a shadow. It depends on the options too, because engines ignore
/// other options for a volume that exists.
pub(super) fn shadow_name(input: &ExportInput<'_>, shadow: &Shadow, options: &str) -> String {
    let workspace = input.plan.workspace().as_path().to_string_lossy();
    let target = shadow.target().as_os_str().to_string_lossy();
    name(&[&workspace, &target, options])
}

/// JSON keeps the parts apart, whatever they hold.
fn name(parts: &[&str]) -> String {
    hashed_name(serde_json::Value::from(parts).to_string().as_bytes())
}
