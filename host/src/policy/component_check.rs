//! `paude policy check`: whether this host can run a component, and if not, every reason.

use std::fmt::Write as _;
use std::path::Path;

use super::inspect::Inspection;
use super::load::{LoadedPolicy, PolicyCode};
use super::started::{NotStarted, PolicyOptions, StartedPolicy};
use super::{INTERFACE, limits};
use crate::config::PolicyChoice;
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::value::Sha256;

/// A description of a component, and whether this host can run it.
#[derive(Debug)]
pub(crate) struct ComponentCheck {
    /// The size, hash, exports and imports, in lines.
    pub(crate) text: String,
    pub(crate) sha256: Sha256,
    /// All faults of the component, as one error.
    pub(crate) result: Result<()>,
}

/// Reads, compiles and instantiates a component, and calls none of its functions. Fails if the
/// file cannot be read.
pub(crate) fn check_component(file: &Path) -> Result<ComponentCheck> {
    let policy = LoadedPolicy::read(&PolicyChoice::from_cli(file)?.source, None)?;
    // The built-in policies are checked by the same rules: as the component, not as machine code.
    let bytes = policy.code.component().to_vec();
    let sha256 = Sha256::of(&bytes);
    let mut text = format!(
        "{}: {} KiB of {} MiB, sha256 {}\n",
        policy.who,
        bytes.len().div_ceil(1024),
        limits::COMPONENT_BYTES >> 20,
        sha256
    );
    let who = policy.who.clone();
    let policy = LoadedPolicy { code: PolicyCode::Component(bytes), ..policy };
    let options = PolicyOptions {
        workspace: None,
        time: None,
        cache: true,
        quiet: false,
        shares_time: false,
    };
    let mut deadline = Deadline::after(limits::BUILTIN_TIME);
    let result = match StartedPolicy::try_start(policy, &options, &mut deadline) {
        Ok(started) => {
            list_interfaces(&mut text, started.inspection());
            let verbs = match started.plans() {
                true => "detects and plans",
                false => "detects, and the built-in policy plans",
            };
            let _ = writeln!(text, "this paude supports {INTERFACE} and can run it: it {verbs}");
            Ok(())
        }
        Err(NotStarted::Invalid(inspection)) => {
            list_interfaces(&mut text, &inspection);
            Err(faults_error(&who, &inspection))
        }
        Err(NotStarted::Other(error)) => Err(error),
    };
    Ok(ComponentCheck { text, sha256, result })
}

fn list_interfaces(text: &mut String, inspection: &Inspection) {
    for name in &inspection.exports {
        let _ = writeln!(text, "exports {name}");
    }
    for (name, tolerated) in &inspection.imports {
        let effect = if *tolerated { ": calling it ends the policy" } else { "" };
        let _ = writeln!(text, "imports {name}{effect}");
    }
}

/// All faults in one message, with each distinct hint once.
fn faults_error(who: &str, inspection: &Inspection) -> Error {
    let mut message = format!("{who} cannot be used; this paude supports {INTERFACE}");
    let mut hints = Vec::new();
    for fault in &inspection.faults {
        let _ = write!(message, "\n  - {}", fault.what);
        if !hints.contains(&fault.hint) {
            hints.push(fault.hint);
        }
    }
    hints.into_iter().fold(Error::failed(message), Error::hint)
}
