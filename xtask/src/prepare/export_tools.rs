//! Tools that carry out or check the files of `paude export`. None of them is installed.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::cached::cached;
use super::{debian, wheels};
use crate::checkout::Checkout;
use crate::process::report;

/// A release of Debian whose programs run here too, as they are linked to little or to nothing.
const SUITE: &str = "trixie";
const PACKAGES: [&str; 2] = ["docker-compose", "podman"];
/// The folder with the files of these packages.
const PACKAGES_FOLDER: &str = "export-debian";
const COMPOSE: &str = "usr/libexec/docker/cli-plugins/docker-compose";
/// podman's generator of systemd units.
const QUADLET: &str = "usr/libexec/podman/quadlet";

/// Packages of PyPI, each with what it imports.
const PODMAN_COMPOSE: [&str; 3] =
    ["podman-compose==1.6.0", "python-dotenv==1.2.4", "pyyaml==6.0.4"];
const KUBERNETES_VALIDATE: [&str; 10] = [
    "kubernetes-validate==1.37.0",
    "attrs==26.1.0",
    "importlib-resources==7.1.0",
    "jsonschema==4.26.0",
    "jsonschema-specifications==2025.9.1",
    "packaging==26.4",
    "pyyaml==6.0.4",
    "referencing==0.37.0",
    "rpds-py==2026.9.1",
    "typing-extensions==4.16.0",
];

/// One tool.
#[derive(Serialize)]
pub(crate) struct ExportTool {
    name: &'static str,
    /// Its program, or a folder for `PYTHONPATH` with its module.
    path: Option<PathBuf>,
    /// The reason for which this machine lacks the tool; null if it is available.
    why: Option<String>,
}

impl ExportTool {
    fn new(name: &'static str, found: Result<PathBuf, String>) -> Self {
        let found = found.and_then(|path| match path.exists() {
            true => Ok(path),
            false => Err(format!("there is no {}", path.display())),
        });
        match found {
            Ok(path) => Self { name, path: Some(path), why: None },
            Err(why) => Self { name, path: None, why: Some(why) },
        }
    }
}

/// Fetches the tools.
pub(super) fn ensure_all(checkout: &Checkout, python: &Path) -> Vec<ExportTool> {
    let packages = debian::unpack(checkout, PACKAGES_FOLDER, SUITE, &PACKAGES);
    let packages = packages.map_err(|error| format!("{error:#}"));
    let module = |name, requirements: &[&str]| {
        let install = |part: &Path| wheels::install(checkout, python, requirements, part);
        let folder = cached(checkout, name, &requirements.join(" "), install);
        ExportTool::new(name, folder.map_err(|error| format!("{error:#}")))
    };
    let tools = vec![
        ExportTool::new("compose", packages.clone().map(|folder| folder.join(COMPOSE))),
        ExportTool::new("quadlet", packages.map(|folder| folder.join(QUADLET))),
        module("podman-compose", &PODMAN_COMPOSE),
        module("kubernetes-validate", &KUBERNETES_VALIDATE),
    ];
    report("tools for the files of `paude export`:");
    for tool in &tools {
        let state = tool.why.as_ref().map(|why| format!("skipped: {why}"));
        report(format!("  {:<20} {}", tool.name, state.as_deref().unwrap_or("ready")));
    }
    tools
}

/// What [`ensure_all`] fetched for the machine, and the generator of the box that this process is in.
pub(super) fn find_in_box(machine: &Checkout) -> Vec<ExportTool> {
    let packages = machine.setup_path(PACKAGES_FOLDER);
    vec![
        ExportTool::new("compose", Ok(packages.join(COMPOSE))),
        ExportTool::new("quadlet", Ok(Path::new("/").join(QUADLET))),
        ExportTool::new("podman-compose", Ok(machine.setup_path("podman-compose"))),
    ]
}
