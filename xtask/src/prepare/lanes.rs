//! All lanes of this machine; one that is not available has a reason.

use std::fs;

use anyhow::{Result, anyhow};

use super::image::TestImage;
use super::lane::Lane;
use super::service::{self, Service};
use super::test_user::TestUser;
use super::{docker, import, native, podman};
use crate::checkout::Checkout;
use crate::files;
use crate::process::{report, run_captured};

/// Tries every lane; daemons and services that had to be started run until the second value is dropped.
pub(crate) fn prepare_all(
    checkout: &Checkout,
    image: Option<&TestImage>,
    user: &Result<Option<TestUser>>,
) -> (Vec<Lane>, Vec<Service>) {
    let user = user.as_ref().map_err(|error| format!("{error:#}"));
    let user = || user.as_ref().map(|user| (*user).clone()).map_err(|why| anyhow!("{why}"));

    let lane = Lane::new("podman", "podman");
    let prepared = with_image(image, |image| {
        prove(podman::prepare_rootful(checkout, lane.clone())?, checkout, image)
    });
    let rootful = lane.or_unavailable(prepared);

    let mut lane = Lane::new("podman-rootless", "podman");
    let prepared = user().and_then(|user| {
        lane.user = user;
        with_image(image, |image| {
            prove(podman::prepare_rootless(checkout, lane.clone())?, checkout, image)
        })
    });
    let rootless = lane.or_unavailable(prepared);

    let mut services = Vec::new();
    let lane = Lane { name: "podman-remote", ..rootful.clone() };
    let prepared = match &rootful.why {
        Some(why) => Err(anyhow!("{why}")),
        None => with_image(image, |image| {
            let (lane, service) = service::prepare_remote(checkout, lane.clone())?;
            services.push(service);
            prove(lane, checkout, image)
        }),
    };
    let remote = lane.or_unavailable(prepared);

    let lane = Lane::new("docker", "docker");
    let prepared = with_image(image, |image| {
        let (lane, started) = docker::prepare(checkout, lane.clone())?;
        services.extend(started);
        prove(lane, checkout, image)
    });
    let docker = lane.or_unavailable(prepared);

    let mut lane = Lane::new("docker-rootless", "docker");
    let prepared = user().and_then(|user| {
        lane.user = user;
        with_image(image, |image| {
            let (lane, service) = docker::prepare_rootless(checkout, lane.clone())?;
            services.push(service);
            prove(lane, checkout, image)
        })
    });
    let docker_rootless = lane.or_unavailable(prepared);

    let lane = Lane::new("native", "native");
    let native = lane.clone().or_unavailable(native::prepare(lane));

    let mut lane = Lane::new("native-user", "native");
    let prepared = user().and_then(|user| {
        lane.user = user;
        native::prepare_as_user(lane.clone())
    });
    let native_user = lane.or_unavailable(prepared);

    let lanes = vec![rootful, rootless, remote, docker, docker_rootless, native, native_user];
    (lanes, services)
}

fn with_image(
    image: Option<&TestImage>,
    prepare: impl FnOnce(&TestImage) -> Result<Lane>,
) -> Result<Lane> {
    let missing = || anyhow!("there is no test image; `cargo xtask setup` reports the reason");
    prepare(image.ok_or_else(missing)?)
}

/// Imports the image and runs a command in it that needs a directory of the host.
fn prove(mut lane: Lane, checkout: &Checkout, image: &TestImage) -> Result<Lane> {
    import::ensure(&lane, image)?;
    lane.version = Some(run_captured(lane.engine_command().arg("--version"))?);
    if lane.engine == "podman" {
        let format = ["info", "--format", "{{.Host.OCIRuntime.Name}}"];
        lane.runtime = Some(run_captured(lane.engine_command().args(format))?);
    }
    let shared = checkout.runtime_dir()?.join("proof").join(lane.name);
    files::create_dir(&shared)?;
    fs::write(shared.join("seen"), "")?;
    let shared = shared.display();
    let mount = format!("type=bind,source={shared},destination={shared}");
    let seen = format!("{shared}/seen");
    let mut command = lane.engine_command();
    command.args(["run", "--rm", "--mount", &mount]);
    command.args([import::PLAIN, "test", "-f", &seen]);
    run_captured(&mut command)?;
    Ok(lane)
}

/// Reports which lanes are ready, with their versions, and which are skipped; `place` says where these engines are.
pub(crate) fn summarise(place: &str, lanes: &[Lane]) {
    report(format!("engines {place}for the tests:"));
    for lane in lanes {
        let state = match (&lane.why, &lane.user) {
            (Some(why), _) => format!("skipped: {why}"),
            (None, Some(user)) => format!("ready, as {}", user.name),
            (None, None) => "ready".to_owned(),
        };
        let version = lane.version.as_ref().map(|version| format!(" ({version})"));
        let state = state + &version.unwrap_or_default();
        report(format!("  {:<16} {state}", lane.name));
    }
}
