//! The project: its settings, what is hidden in it, what runs it.

use super::Diagnosis;
use crate::engine::{Chosen, ask};
use crate::error::Result;
use crate::plan::Plan;
use crate::render::{Engine, Job};

/// What the settings and the policy say.
pub fn project(found: &mut Diagnosis, plan: &Result<Plan>, warnings: &[String]) {
    match plan {
        Err(error) => found.error("project", error),
        Ok(plan) => {
            let hidden = match plan.shadows().len() {
                0 => "no environment is hidden".to_owned(),
                1 => "1 environment is hidden".to_owned(),
                count => format!("{count} environments are hidden"),
            };
            match plan.notes().iter().filter(|note| note.warning).count() + warnings.len() {
                0 => found.good("project", hidden),
                1 => found.warn("project", hidden + ", with a warning", "see `paude plan`"),
                count => {
                    let said = format!("{hidden}, with {count} warnings");
                    found.warn("project", said, "see `paude plan`");
                }
            }
        }
    }
}

/// Which engine a run would take. `native` tells whether the built-in one works.
pub fn chosen(found: &mut Diagnosis, chosen: &Result<Chosen>, native: bool) {
    match chosen {
        Err(error) => found.error("engine", error),
        Ok(Chosen { engine: Engine::Native, .. }) if !native => {
            found.bad("engine", "native, which does not work here", "install podman or docker");
        }
        Ok(Chosen { engine, why, .. }) => {
            found.good("engine", format!("{engine}: {}", why.unwrap_or("you chose it")));
        }
    }
}

/// Whether the image is on this machine.
pub fn image(found: &mut Diagnosis, engine: Engine, job: &Job) {
    if engine == Engine::Native {
        return;
    }
    let (program, image) = (engine.to_string(), &job.image);
    match ask(&program, &["image", "inspect", "--format", "{{.Id}}", image]).ok {
        true => found.good("image", format!("`{image}` is here")),
        false => {
            let said = format!("`{image}` is not here: the first run fetches it");
            found.warn("image", said, &format!("{program} pull {image}"));
        }
    }
}
