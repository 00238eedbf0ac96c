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

/// Which engine a run would take, of those that work here. Returns it if it is one.
pub fn chosen<'c>(
    found: &mut Diagnosis,
    chosen: &'c Result<Chosen>,
    working: &[Engine],
) -> Option<&'c Chosen> {
    match chosen {
        Err(error) => found.error("engine", error),
        Ok(Chosen { engine, .. }) if !working.contains(engine) => {
            let advice = "mend it, or choose another with --engine";
            found.bad("engine", format!("{engine}, which does not work here"), advice);
        }
        Ok(chosen) => {
            let why = chosen.why.unwrap_or("you chose it");
            found.good("engine", format!("{}: {why}", chosen.engine));
            return Some(chosen);
        }
    }
    None
}

/// What a run would ask of the engine: whether that can be done, and the image is here.
pub fn job(found: &mut Diagnosis, engine: Engine, job: &Result<Job>) {
    match job {
        Err(error) => found.error("engine", error),
        Ok(job) => image(found, engine, job),
    }
}

/// Whether the image is on this machine.
fn image(found: &mut Diagnosis, engine: Engine, job: &Job) {
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
