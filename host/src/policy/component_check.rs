//! `paude policy check`: whether this host can run a component, and if not, every reason.

use std::fmt::{self, Display, Formatter, Write as _};
use std::path::Path;

use super::inspect::Inspection;
use super::load::{LoadedPolicy, PolicyCode};
use super::started::{NotStarted, PolicyOptions, StartedPolicy};
use super::{INTERFACE, limits};
use crate::config::PolicyChoice;
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::value::Sha256;

/// What a component is, and whether this host can run it.
#[derive(Debug)]
pub(crate) struct ComponentCheck {
    /// The policy, as messages name it.
    who: String,
    /// The size in bytes.
    pub(crate) bytes: usize,
    pub(crate) sha256: Sha256,
    pub(crate) exports: Vec<String>,
    /// Each name, and whether a call of it ends the policy.
    pub(crate) imports: Vec<(String, bool)>,
    /// Whether it makes the plan too, if this host can run it; all faults of the component, as one
    /// error, if not.
    pub(crate) plans: Result<bool>,
}

/// Reads, compiles and instantiates a component, and calls none of its functions. Fails if the
/// file cannot be read.
pub(crate) fn check_component(file: &Path) -> Result<ComponentCheck> {
    let policy = LoadedPolicy::read(&PolicyChoice::from_cli(file)?.source, None)?;
    // The built-in policies are checked by the same rules: as the component, not as machine code.
    let bytes = policy.code.component().to_vec();
    let (size, sha256, who) = (bytes.len(), Sha256::of(&bytes), policy.who.clone());
    let policy = LoadedPolicy { code: PolicyCode::Component(bytes), ..policy };
    let options = PolicyOptions {
        workspace: None,
        time: None,
        cache: true,
        quiet: false,
        shares_time: false,
    };
    let mut deadline = Deadline::after(limits::BUILTIN_TIME);
    let started = StartedPolicy::try_start(policy, &options, &mut deadline);
    let (exports, imports) = match &started {
        Ok(started) => interfaces(started.inspection()),
        Err(NotStarted::Invalid(inspection)) => interfaces(inspection),
        Err(NotStarted::Other(_)) => (Vec::new(), Vec::new()),
    };
    let plans = match started {
        Ok(started) => Ok(started.plans()),
        Err(NotStarted::Invalid(inspection)) => Err(faults_error(&who, &inspection)),
        Err(NotStarted::Other(error)) => Err(error),
    };
    Ok(ComponentCheck { who, bytes: size, sha256, exports, imports, plans })
}

fn interfaces(inspection: &Inspection) -> (Vec<String>, Vec<(String, bool)>) {
    (inspection.exports.clone(), inspection.imports.clone())
}

/// Lines of size, hash, exports and imports, and of what it does if this host can run it.
impl Display for ComponentCheck {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (kib, mib) = (self.bytes.div_ceil(1024), limits::COMPONENT_BYTES >> 20);
        writeln!(f, "{}: {kib} KiB of {mib} MiB, sha256 {}", self.who, self.sha256)?;
        for name in &self.exports {
            writeln!(f, "exports {name}")?;
        }
        for (name, ends_policy) in &self.imports {
            let effect = if *ends_policy { ": calling it ends the policy" } else { "" };
            writeln!(f, "imports {name}{effect}")?;
        }
        let verbs = match self.plans {
            Ok(true) => "detects and plans",
            Ok(false) => "detects, and the built-in policy plans",
            Err(_) => return Ok(()),
        };
        writeln!(f, "this paude supports {INTERFACE} and can run it: it {verbs}")
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
