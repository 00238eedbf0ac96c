//! `paude policy inspect`.

use serde::Serialize;

use crate::cli::{PolicyInspectArgs, ReportFormat};
use crate::commands::print::print;
use crate::error::{Exit, Result};
use crate::json_line;
use crate::policy::{self, ComponentCheck};
use crate::policy_store::{PolicyOrigin, PolicyStore};
use crate::value::Sha256;

/// Prints what a policy is, and where it was pulled from if it was.
pub(super) fn execute(args: &PolicyInspectArgs) -> Result<Exit> {
    let check = policy::check_component(&args.policy)?;
    let origins = origins(check.sha256)?;
    print(&match args.format {
        ReportFormat::Text => text(&check, &origins),
        ReportFormat::Json => json_line::line(&PolicyJson::new(&check, &origins))?,
    })
}

/// Where the policy with this content was pulled from.
fn origins(sha256: Sha256) -> Result<Vec<PolicyOrigin>> {
    let stored = PolicyStore::open(None)?.map(|store| store.list()).transpose()?;
    let entry = stored.into_iter().flatten().find(|entry| entry.sha256 == sha256);
    Ok(entry.map(|entry| entry.origins).unwrap_or_default())
}

fn text(check: &ComponentCheck, origins: &[PolicyOrigin]) -> String {
    let mut text = check.to_string();
    if check.plans.is_err() {
        text.push_str("this paude cannot run it; `paude policy check` says why\n");
    }
    text.extend(
        origins.iter().map(|origin| format!("from {origin}, as sha256:{}\n", origin.manifest)),
    );
    text
}

/// The document of `paude policy inspect --format json`; `docs/json.md` explains it.
#[derive(Serialize)]
struct PolicyJson<'p> {
    version: u32,
    sha256: String,
    bytes: usize,
    exports: &'p [String],
    imports: Vec<ImportJson<'p>>,
    runs: bool,
    plans: bool,
    origins: Vec<OriginJson>,
}

#[derive(Serialize)]
struct ImportJson<'p> {
    name: &'p str,
    ends_policy: bool,
}

#[derive(Serialize)]
struct OriginJson {
    reference: String,
    manifest: String,
    pulled: u32,
}

impl<'p> PolicyJson<'p> {
    fn new(check: &'p ComponentCheck, origins: &[PolicyOrigin]) -> Self {
        let imports = check.imports.iter();
        let origins = origins.iter().map(|origin| OriginJson {
            reference: origin.reference.to_string(),
            manifest: origin.manifest.to_string(),
            pulled: origin.pulled,
        });
        Self {
            version: 1,
            sha256: check.sha256.to_string(),
            bytes: check.bytes,
            exports: &check.exports,
            imports: imports
                .map(|(name, ends_policy)| ImportJson { name, ends_policy: *ends_policy })
                .collect(),
            runs: check.plans.is_ok(),
            plans: check.plans.as_ref().is_ok_and(|plans| *plans),
            origins: origins.collect(),
        }
    }
}
