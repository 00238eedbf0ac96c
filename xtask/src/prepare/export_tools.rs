//! Tools that carry out or check the files of `paude export`. None of them is installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;

use super::cached::cached;
use super::{debian, wheels};
use crate::checkout::Checkout;
use crate::process::{report, run_captured};

/// Packages of a release of Debian, unpacked into a folder of that name.
struct Unpacked {
    folder: &'static str,
    suite: &'static str,
    packages: &'static [&'static str],
}

/// Their programs run here too, as they are linked to little or to nothing.
const TRIXIE: Unpacked =
    Unpacked { folder: "export-trixie", suite: "trixie", packages: &["docker-compose", "podman"] };
const SID: Unpacked =
    Unpacked { folder: "export-sid", suite: "sid", packages: &["docker-compose", "docker-buildx"] };
/// The last `docker-compose` that was written in Python, with what it imports.
const BOOKWORM: Unpacked = Unpacked {
    folder: "export-bookworm",
    suite: "bookworm",
    packages: &[
        "docker-compose",
        "python3-attr",
        "python3-certifi",
        "python3-chardet",
        "python3-charset-normalizer",
        "python3-distro",
        "python3-docker",
        "python3-dockerpty",
        "python3-docopt",
        "python3-dotenv",
        "python3-idna",
        "python3-jsonschema",
        "python3-pyrsistent",
        "python3-requests",
        "python3-six",
        "python3-texttable",
        "python3-urllib3",
        "python3-websocket",
        "python3-yaml",
    ],
};

/// Plugins of docker's client.
const COMPOSE: &str = "usr/libexec/docker/cli-plugins/docker-compose";
const BUILDX: &str = "usr/libexec/docker/cli-plugins/docker-buildx";
/// podman's generator of systemd units.
const QUADLET: &str = "usr/libexec/podman/quadlet";
const SYSTEMD: &str = "usr/lib/systemd/systemd";
/// Debian's modules of Python.
const MODULES: &str = "usr/lib/python3/dist-packages";

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
    let unpack = |unpacked: &Unpacked| {
        let Unpacked { folder, suite, packages } = unpacked;
        let folder = debian::unpack(checkout, folder, suite, packages);
        folder.map_err(|error| format!("{error:#}"))
    };
    let (trixie, sid) = (unpack(&TRIXIE), unpack(&SID));
    let bookworm = unpack(&BOOKWORM).and_then(|folder| {
        let modules = folder.join(MODULES);
        let mut compose = Command::new(python);
        compose.args(["-m", "compose", "version"]).env("PYTHONPATH", &modules);
        let runs = run_captured(compose.env("PYTHONDONTWRITEBYTECODE", "1"));
        runs.map(|_| modules).map_err(|error| format!("{error:#}"))
    });
    let module = |name, requirements: &[&str]| {
        let install = |part: &Path| wheels::install(checkout, python, requirements, part);
        let folder = cached(checkout, name, &requirements.join(" "), install);
        ExportTool::new(name, folder.map_err(|error| format!("{error:#}")))
    };
    let in_folder = |folder: &Result<PathBuf, String>, file| folder.clone().map(|f| f.join(file));
    // Programs of sid may need newer libraries than this machine has.
    let plugin = |folder: &Result<PathBuf, String>, file| {
        let program = in_folder(folder, file)?;
        let runs = run_captured(Command::new(&program).arg("version"));
        runs.map(|_| program).map_err(|error| format!("{error:#}"))
    };
    let tools = vec![
        ExportTool::new("compose-bookworm", bookworm),
        ExportTool::new("compose-trixie", plugin(&trixie, COMPOSE)),
        ExportTool::new("compose-sid", plugin(&sid, COMPOSE)),
        ExportTool::new("buildx", plugin(&sid, BUILDX)),
        ExportTool::new("quadlet", in_folder(&trixie, QUADLET)),
        ExportTool::new("systemd", Ok(Path::new("/").join(SYSTEMD))),
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

/// What [`ensure_all`] fetched for the machine, and what the box has that this process is in.
pub(super) fn find_in_box(machine: &Checkout) -> Vec<ExportTool> {
    let unpacked = |unpacked: &Unpacked, file| Ok(machine.setup_path(unpacked.folder).join(file));
    vec![
        ExportTool::new("compose-trixie", unpacked(&TRIXIE, COMPOSE)),
        ExportTool::new("compose-sid", unpacked(&SID, COMPOSE)),
        ExportTool::new("buildx", unpacked(&SID, BUILDX)),
        ExportTool::new("quadlet", Ok(Path::new("/").join(QUADLET))),
        ExportTool::new("systemd", Ok(Path::new("/").join(SYSTEMD))),
        ExportTool::new("podman-compose", Ok(machine.setup_path("podman-compose"))),
    ]
}
