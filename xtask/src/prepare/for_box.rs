//! The preparation of a box: downloads from outside, because a box has no network, and engines from inside.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{
    Prepared, SetupDocument, export_tools, image, import, lanes, policies, share, test_user, wheels,
};
use crate::checkout::Checkout;
use crate::process;

/// Fetches uv, and wheels for the Pythons of the test image and of the box with that root directory.
pub(crate) fn fetch(machine: &Checkout, own: &Checkout, root: &Path) -> Result<()> {
    let python = process::find_python().context("no python3 on this machine")?;
    wheels::uv(own, &python)?;
    let versions = [image::find(machine)?.python, python_in(root)?];
    let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
    wheels::ensure(own, &python, &versions).map(drop)
}

/// Prepares the lanes of the box that this process is in.
pub(crate) fn prepare(machine: &Checkout, own: &Checkout, name: &str) -> Result<Prepared> {
    let image = image::find(machine)?;
    let python = process::find_python().context("no python3 in the box")?;
    let user = test_user::ensure();
    let plain_user = user.as_ref().ok().and_then(Option::as_ref);
    let share = |name| share::ensure(own, plain_user, own.setup_path(name));
    let (wheels, uv) = (share("wheels")?, share("uv-wheel/uv")?);
    let (lanes, services) = lanes::prepare_all(own, Some(&image), &user);
    let document = SetupDocument {
        image: import::PLAIN,
        image_entrypoint: import::ENTRYPOINT,
        image_user: import::USER,
        wheels,
        project_tools: None,
        uv,
        python,
        guest: machine.setup_path("policy.wasm"),
        lanes: &lanes,
        hosts: Vec::new(),
        policies: &[],
        tools: policies::PolicyTools::find(machine),
        devcontainer_cli: None,
        node_tools: None,
        docker_registry: None,
        export_tools: export_tools::find_in_box(machine),
    };
    let file = document.write(own)?;
    lanes::summarise(&format!("of {name} "), &lanes);
    Ok(Prepared { file, lanes, _services: services })
}

fn python_in(root: &Path) -> Result<String> {
    let programs = fs::read_dir(root.join("usr/bin"))?;
    let mut names = programs.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.find_map(|name| image::python_version(&name)).context("the box has no Python")
}
