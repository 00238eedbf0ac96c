//! Prepare this machine for the tests as far as permitted, and report what was done.
//!
//! Everything that is fetched or built is kept below `target/test-setup` and reused. Only what all tests need is an
//! error; an engine that is not available becomes a [`Lane`] with a reason.

pub(crate) mod apt;
mod cached;
mod containers_conf;
mod debian;
mod devcontainer_cli;
mod docker;
mod docker_registry;
mod export_tools;
pub(crate) mod for_box;
mod hosts;
mod image;
mod import;
mod lane;
mod lanes;
mod native;
mod node_tools;
mod npm;
pub(crate) mod packages;
mod podman;
mod policies;
mod service;
mod share;
mod test_user;
pub(crate) mod wheels;

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::checkout::Checkout;
use crate::files;
use crate::guest;
use crate::process::{self, report};
use crate::target;
use export_tools::ExportTool;
use hosts::WasiHost;

pub(crate) use cached::{cached, from_crates};
pub(crate) use debian::unpack as unpack_debian;
pub(crate) use hosts::node_packages;
pub(crate) use import::PLAIN as TEST_IMAGE;
pub(crate) use lane::Lane;
pub(crate) use policies::{ZIG, from_pypi};

/// A prepared machine; the daemons and services that were started for it stop when this is dropped.
pub(crate) struct Prepared {
    /// `setup.json`, which describes the set-up to the tests.
    pub(crate) file: PathBuf,
    pub(crate) lanes: Vec<Lane>,
    _services: Vec<service::Service>,
}

/// The content of `setup.json`.
#[derive(Serialize)]
struct SetupDocument<'a> {
    /// A small Debian with Python and uv.
    image: &'a str,
    /// The same with an entrypoint that ignores every command.
    image_entrypoint: &'a str,
    /// The same with a user of its own.
    image_user: &'a str,
    /// A folder of wheels for the image's Python: pytest with its dependencies, and one compiled extension.
    wheels: PathBuf,
    /// A folder of wheels for the host's Python: Poetry, PDM and Pipenv; null if they cannot be fetched.
    project_tools: Option<PathBuf>,
    /// The uv program for the host.
    uv: PathBuf,
    /// The Python that host environments are created with.
    python: PathBuf,
    /// The built-in policy as a component, as `cargo xtask guest` writes it.
    guest: PathBuf,
    lanes: &'a [Lane],
    hosts: Vec<WasiHost>,
    policies: &'a [policies::BuiltPolicy],
    /// The tools that build the templates of `paude policy new`.
    tools: policies::PolicyTools,
    /// The reference implementation of dev containers, a program for node; null if it cannot be fetched.
    devcontainer_cli: Option<PathBuf>,
    /// The folder with yarn, pnpm and bun; null if they cannot be fetched.
    node_tools: Option<PathBuf>,
    /// A registry to pull policies from; null if it or what fills it is not available.
    docker_registry: Option<PathBuf>,
    /// What carries out or checks the files of `paude export`.
    export_tools: Vec<ExportTool>,
}

impl SetupDocument<'_> {
    fn write(&self, checkout: &Checkout) -> Result<PathBuf> {
        let file = checkout.setup_path("setup.json");
        files::write(&file, &format!("{}\n", serde_json::to_string_pretty(self)?))?;
        Ok(file)
    }
}

/// Prepares everything; `full` also builds what takes long. Two runs in one checkout take turns.
pub(crate) fn prepare(checkout: &Checkout, full: bool) -> Result<Prepared> {
    files::create_dir(&checkout.setup_dir)?;
    let _lock = lock(checkout)?;
    target::ensure()?;
    packages::ensure_for_tests();
    let python =
        process::find_python().context("no python3 on this machine; the tests need one")?;
    let uv = wheels::uv(checkout, &python)?;
    let image = image::ensure(checkout, &uv)
        .inspect_err(|error| report(format!("no test image: {error:#}")))
        .ok();
    let version = match &image {
        Some(image) => image.python.clone(),
        None => wheels::version_of(&python)?,
    };
    let wheels = wheels::ensure(checkout, &python, &[&version])?;
    let user = test_user::ensure();
    let share = |path| share::ensure(checkout, user.as_ref().ok().and_then(Option::as_ref), path);
    let (wheels, uv) = (share(wheels)?, share(uv)?);
    let guest = checkout.setup_path("policy.wasm");
    guest::write(checkout, &guest)?;
    let hosts = hosts::prepare_all(checkout, &python, &guest, full);
    let (lanes, services) = lanes::prepare_all(checkout, image.as_ref(), &user);
    let policies = policies::build_all(checkout);
    let export_tools = export_tools::ensure_all(checkout, &python);
    let devcontainer_cli = devcontainer_cli::ensure(checkout)
        .inspect_err(|error| {
            report(format!("no reference implementation of dev containers: {error:#}"))
        })
        .ok();
    let node_tools = node_tools::ensure(checkout)
        .inspect_err(|error| report(format!("no yarn, pnpm and bun: {error:#}")))
        .ok();
    let docker_registry = docker_registry::ensure(checkout)
        .inspect_err(|error| report(format!("no registry: {error:#}")))
        .ok();

    let project_tools = wheels::project_tools(checkout, &python)
        .and_then(share)
        .inspect_err(|error| report(format!("no Poetry, PDM and Pipenv: {error:#}")))
        .ok();

    let document = SetupDocument {
        image: TEST_IMAGE,
        image_entrypoint: import::ENTRYPOINT,
        image_user: import::USER,
        wheels,
        project_tools,
        uv,
        python,
        guest,
        lanes: &lanes,
        hosts,
        policies: &policies,
        tools: policies::PolicyTools::find(checkout),
        devcontainer_cli,
        node_tools,
        docker_registry,
        export_tools,
    };
    let file = document.write(checkout)?;
    lanes::summarise("", &lanes);
    Ok(Prepared { file, lanes, _services: services })
}

fn lock(checkout: &Checkout) -> Result<File> {
    let file = checkout.setup_path("lock");
    let lock = File::create(&file).with_context(|| format!("cannot write {}", file.display()))?;
    if lock.try_lock().is_err() {
        report("another `cargo xtask` is preparing this checkout; waiting for it");
        lock.lock()?;
    }
    Ok(lock)
}
