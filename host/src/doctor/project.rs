//! The checks of the project: its settings, what is hidden, and what would run it.

use super::Diagnosis;
use crate::devcontainer::Unused;
use crate::engine::{ChosenEngine, Engine, inspect_image, reason_line};
use crate::error::Result;
use crate::plan::{Plan, Severity};
use crate::run_spec::{RunSpec, network_args};
use crate::value::Network;

/// Adds the number of hidden environments and of warnings, or the error of settings or policy.
pub(crate) fn add_project(diagnosis: &mut Diagnosis, plan: &Result<Plan>, warnings: &[String]) {
    const ABOUT: &str = "project";
    let plan = match plan {
        Ok(plan) => plan,
        Err(error) => return diagnosis.error(ABOUT, error),
    };
    let hidden = match plan.shadows().len() {
        0 => "no environment is hidden".to_owned(),
        1 => "1 environment is hidden".to_owned(),
        count => format!("{count} environments are hidden"),
    };
    let notes = plan.notes().iter().filter(|note| note.severity == Severity::Warning);
    match notes.count() + warnings.len() {
        0 => diagnosis.good(ABOUT, hidden),
        1 => diagnosis.warn(ABOUT, hidden + ", with a warning", "see `paude plan`"),
        count => {
            let message = format!("{hidden}, with {count} warnings");
            diagnosis.warn(ABOUT, message, "see `paude plan`");
        }
    }
}

/// Adds a devcontainer.json that could be used.
pub(crate) fn add_devcontainer(diagnosis: &mut Diagnosis, unused: &Unused) {
    diagnosis.warn("devcontainer", &unused.message, &unused.advice);
}

/// Adds the engine that a run would use. Returns it if it is one of those that work here.
pub(crate) fn add_chosen_engine<'c>(
    diagnosis: &mut Diagnosis,
    chosen: &'c Result<ChosenEngine>,
    working: &[Engine],
) -> Option<&'c ChosenEngine> {
    match chosen {
        Err(error) => diagnosis.error("engine", error),
        Ok(ChosenEngine { engine, .. }) if !working.contains(engine) => {
            let advice = "fix it, or choose another with --engine";
            diagnosis.bad("engine", format!("{engine}, which does not work here"), advice);
        }
        Ok(chosen) => {
            let reason = chosen.reason.as_deref().unwrap_or("you chose it");
            diagnosis.good("engine", format!("{}: {reason}", chosen.engine));
            return Some(chosen);
        }
    }
    None
}

/// Adds what the container can reach.
pub(crate) fn add_network(diagnosis: &mut Diagnosis, plan: &Plan, engine_args: &[String]) {
    let message = match plan.network() {
        Network::None => "none: the container reaches nothing but itself",
        Network::Engine if network_args(engine_args).next().is_some() => {
            "as the engine arguments say"
        }
        Network::Engine => "the engine's default: the container reaches what it allows",
    };
    diagnosis.good("network", message);
}

/// Adds the error of a specification that the engine cannot run, or else the image. Returns
/// whether a container can be started without pulling an image.
pub(crate) fn add_run_spec(
    diagnosis: &mut Diagnosis,
    engine: Engine,
    spec: &Result<RunSpec>,
) -> bool {
    match spec {
        Err(error) => {
            diagnosis.error("engine", error);
            false
        }
        Ok(_) if engine == Engine::Native => true,
        Ok(spec) => add_image(diagnosis, engine, &spec.image),
    }
}

/// Adds whether the image is on this machine, and returns it.
fn add_image(diagnosis: &mut Diagnosis, engine: Engine, image: &str) -> bool {
    let is_here = inspect_image(engine, image).ok;
    match is_here {
        true => diagnosis.good("image", format!("`{image}` is here")),
        false => {
            let message = format!("`{image}` is not here: the first run pulls it");
            diagnosis.warn("image", message, &format!("{} pull {image}", engine.program()));
        }
    }
    is_here
}

/// Adds whether the image that the settings build was built, and returns it; or the error of what
/// it is built from.
pub(crate) fn add_built_image(
    diagnosis: &mut Diagnosis,
    engine: Engine,
    built: &Result<Option<(String, String)>>,
) -> bool {
    const ABOUT: &str = "image";
    match built {
        Err(error) => diagnosis.error(ABOUT, error),
        Ok(None) => {}
        Ok(Some((reference, reason))) if inspect_image(engine, reference).ok => {
            diagnosis.good(ABOUT, format!("`{reference}` is here, {reason}"));
            return true;
        }
        Ok(Some((_, reason))) => {
            let message = format!("the first run has it {reason}, if you allow that");
            diagnosis.warn(ABOUT, message, "allow it when paude asks, or by --builds allow");
        }
    }
    false
}

/// What engines print when no container can run on a machine, and how to fix it.
const RUN_FAILURES: [(&str, &str); 3] = [
    (
        "controller `pids` is not available",
        "delegate the controller to your user, or set pids_limit = 0 in containers.conf",
    ),
    (
        "/dev/net/tun",
        "modprobe tun; chmod 666 /dev/net/tun. Or run without a network: --network none",
    ),
    ("docker0", "restart docker's daemon, which creates its network again"),
];

/// Adds whether a container could be run; `failure` is the error message if not.
pub(crate) fn add_run(diagnosis: &mut Diagnosis, engine: Engine, failure: Option<&str>) {
    const ABOUT: &str = "run";
    let Some(failure) = failure else { return diagnosis.good(ABOUT, "works") };
    let known = RUN_FAILURES.iter().find(|(text, _)| failure.contains(text));
    let advice = known.map_or("fix it, or choose another with --engine", |known| known.1);
    let reason = reason_line(failure).unwrap_or("no output");
    diagnosis.bad(ABOUT, format!("{engine} cannot run a container: {reason}"), advice);
}
