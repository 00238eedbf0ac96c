//! The lanes: each an engine and the one who runs it. A lane that cannot be had says why.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Result, anyhow};
use serde::Serialize;

use super::image::Image;
use super::person::Person;
use super::{docker, import, native, podman};
use crate::place::{self, Place};
use crate::process::{quietly, say};

/// One way to run containers here.
#[derive(Clone, Serialize)]
pub(crate) struct Lane {
    pub(crate) name: &'static str,
    /// What `--engine` takes.
    pub(crate) engine: &'static str,
    /// Who to run as; null is whoever runs the tests.
    pub(crate) user: Option<Person>,
    /// What has to be in the environment.
    pub(crate) env: BTreeMap<&'static str, String>,
    /// Why there is no such lane on this machine; null when there is.
    pub(crate) why: Option<String>,
}

impl Lane {
    /// A lane with nothing said yet.
    pub(crate) fn new(name: &'static str, engine: &'static str) -> Self {
        Self { name, engine, user: None, env: BTreeMap::new(), why: None }
    }

    /// The lane, or the reason why there is none.
    pub(crate) fn or_why(mut self, outcome: Result<Self>) -> Self {
        outcome.unwrap_or_else(|error| {
            self.why = Some(format!("{error:#}"));
            self
        })
    }

    /// The engine's program, as the tests will run it.
    pub(crate) fn command(&self) -> Command {
        self.program(self.engine)
    }

    /// Any program, as the one who runs this lane.
    pub(crate) fn program(&self, program: &str) -> Command {
        let mut command = match &self.user {
            Some(person) => person.command(program),
            None => Command::new(program),
        };
        command.current_dir("/");
        command.envs(&self.env);
        command
    }

    /// The proof: the image is there, and a command in it sees a directory of the host.
    pub(crate) fn prove(self, place: &Place, image: &Image) -> Result<Self> {
        import::ensure(&self, image)?;
        let shared = place.runtime()?.join("proof").join(self.name);
        place::make_dir(&shared)?;
        fs::write(shared.join("seen"), "")?;
        let shared = shared.display();
        let mount = format!("type=bind,source={shared},destination={shared}");
        let seen = format!("{shared}/seen");
        quietly(self.command().args([
            "run",
            "--rm",
            "--mount",
            &mount,
            import::PLAIN,
            "test",
            "-f",
            &seen,
        ]))?;
        Ok(self)
    }
}

/// Tries every lane; the daemon lives as long as the second value.
pub(crate) fn all(
    place: &Place,
    image: Option<&Image>,
    person: &Result<Option<Person>>,
) -> (Vec<Lane>, Option<docker::Daemon>) {
    let person = person.as_ref().map_err(|error| format!("{error:#}"));
    let user = || person.as_ref().map(|person| (*person).clone()).map_err(|why| anyhow!("{why}"));

    let lane = Lane::new("podman", "podman");
    let rootful =
        lane.clone().or_why(with(image, |image| podman::rootful(place, lane)?.prove(place, image)));
    let mut lane = Lane::new("podman-rootless", "podman");
    let ready = user().and_then(|user| {
        lane.user = user;
        with(image, |image| podman::rootless(place, lane.clone())?.prove(place, image))
    });
    let rootless = lane.or_why(ready);

    let lane = Lane::new("docker", "docker");
    let mut daemon = None;
    let ready = with(image, |image| {
        let (lane, started) = docker::lane(place, lane.clone())?;
        daemon = started;
        lane.prove(place, image)
    });
    let docker = lane.or_why(ready);

    let lane = Lane::new("native", "native");
    let plain = lane.clone().or_why(native::lane(lane));
    let mut lane = Lane::new("native-user", "native");
    let ready = user().and_then(|user| {
        lane.user = user;
        native::as_user(lane.clone())
    });
    let as_user = lane.or_why(ready);

    (vec![rootful, rootless, docker, plain, as_user], daemon)
}

fn with(image: Option<&Image>, make: impl FnOnce(&Image) -> Result<Lane>) -> Result<Lane> {
    make(image.ok_or_else(|| anyhow!("there is no test image; `cargo xtask setup` says why"))?)
}

/// What there is and what is left out, for people.
pub(crate) fn summary(lanes: &[Lane]) {
    say("engines for the tests:");
    for lane in lanes {
        let state = match (&lane.why, &lane.user) {
            (Some(why), _) => format!("left out: {why}"),
            (None, Some(person)) => format!("ready, as {}", person.name),
            (None, None) => "ready".to_owned(),
        };
        say(format!("  {:<16} {state}", lane.name));
    }
}
