//! Bring this machine as far as we may towards what the tests need, and say what was done.
//!
//! Everything that is fetched or built is kept below `target/test-setup` and found again next time. Only what all tests
//! need is an error; an engine that cannot be had is a [`Lane`] with a reason.

mod containers_conf;
mod docker;
mod hosts;
mod image;
mod import;
mod kept;
mod lanes;
mod native;
mod packages;
mod person;
mod podman;
mod policies;
mod share;
pub(crate) mod target;
mod wheels;

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::guest;
use crate::place::{self, Place};
use crate::process::{self, say};
use hosts::Host;
use lanes::Lane;

/// The prepared machine; a docker daemon of ours ends when this is dropped.
pub(crate) struct Ready {
    /// `setup.json`, which tells the tests what there is.
    pub(crate) file: PathBuf,
    _daemon: Option<docker::Daemon>,
}

/// What `setup.json` says.
#[derive(Serialize)]
struct Setup<'a> {
    /// A small Debian with Python and uv.
    image: &'a str,
    /// The same with an entrypoint that would swallow every command.
    image_entrypoint: &'a str,
    /// The same with a user of its own.
    image_user: &'a str,
    /// A folder of wheels for the image's Python: pytest and what it needs, and one compiled extension.
    wheels: PathBuf,
    /// uv for the host.
    uv: PathBuf,
    /// The Python that host environments are made with.
    python: PathBuf,
    /// The component that the program embeds, as `cargo xtask guest` writes it.
    guest: PathBuf,
    lanes: &'a [Lane],
    hosts: Vec<Host>,
    policies: &'a [policies::Policy],
    /// What builds the templates of `paude policy new`.
    tools: policies::Tools,
}

/// Does it all; `full` also builds what takes long. Two runs at once in one checkout take turns.
pub(crate) fn prepare(place: &Place, full: bool) -> Result<Ready> {
    place::make_dir(&place.dir)?;
    let _turn = take_turn(place)?;
    target::ensure()?;
    packages::ensure();
    let python = process::python().context("no python3 on this machine; the tests need one")?;
    let uv = wheels::uv(place, &python)?;
    let image = image::ensure(place, &uv)
        .inspect_err(|error| say(format!("no test image: {error:#}")))
        .ok();
    let version = match &image {
        Some(image) => image.python.clone(),
        None => wheels::version_of(&python)?,
    };
    let wheels = wheels::ensure(place, &python, &version)?;
    let person = person::ensure();
    let (wheels, uv) =
        share::ensure(place, person.as_ref().ok().and_then(Option::as_ref), wheels, uv)?;
    let guest = place.at("policy.wasm");
    guest::write(place, &guest)?;
    let hosts = hosts::all(place, &python, full);
    let (lanes, daemon) = lanes::all(place, image.as_ref(), &person);

    let policies = policies::all(place);

    let setup = Setup {
        image: import::PLAIN,
        image_entrypoint: import::ENTRYPOINT,
        image_user: import::USER,
        wheels,
        uv,
        python,
        guest,
        lanes: &lanes,
        hosts,
        policies: &policies,
        tools: policies::Tools::of(place),
    };
    let file = place.at("setup.json");
    place::write(&file, &format!("{}\n", serde_json::to_string_pretty(&setup)?))?;
    lanes::summary(&lanes);
    Ok(Ready { file, _daemon: daemon })
}

fn take_turn(place: &Place) -> Result<File> {
    let file = place.at("lock");
    let lock = File::create(&file).with_context(|| format!("cannot write {}", file.display()))?;
    if lock.try_lock().is_err() {
        say("another `cargo xtask` is preparing this checkout; waiting for it");
        lock.lock()?;
    }
    Ok(lock)
}
