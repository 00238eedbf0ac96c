//! What a session that stays depends on.

use std::time::Duration;

use crate::engine::{Engine, inspect_image};
use crate::error::Result;
use crate::plan::Plan;
use crate::render::render;
use crate::run_spec::RunSpec;
use crate::value::Sha256;
use crate::workspace::Identity;

use super::record::Fact;

/// The title of the image's content, which is known only once the image is here.
const CONTENT: &str = "the image's content";

/// What a session depends on, as titles and values that can be compared with those of a later
/// `paude up`. Everything that the engine is told counts: what has no title of its own is in the
/// last. `idle` is how long it stays without a command that joins it.
pub(crate) fn facts(plan: &Plan, spec: &RunSpec, idle: Option<Duration>) -> Result<Vec<Fact>> {
    let shadow = |shadow: &crate::plan::Shadow| {
        format!("{} {:?} {:?}", shadow.path(), shadow.storage(), shadow.size())
    };
    let environments: Vec<_> = plan.all_shadows().map(shadow).collect();
    let mut facts = vec![
        ("the engine".to_owned(), spec.engine.to_string()),
        ("the image".to_owned(), spec.image.clone()),
        ("the setup".to_owned(), spec.setup.clone().unwrap_or_default()),
        ("the variables".to_owned(), format!("{:?} {}", spec.env, spec.variables)),
        ("the user".to_owned(), format!("{:?}", spec.user)),
        ("the hidden environments".to_owned(), environments.join("\n")),
        ("the idle time".to_owned(), format!("{idle:?}")),
    ];
    let mut directories = spec.directories.clone();
    directories.iter_mut().for_each(|directory| directory.identity = Identity::default());
    // Without what differs from run to run, and what a title covers.
    let rest = RunSpec {
        name: String::new(),
        image: String::new(),
        command: Vec::new(),
        setup: None,
        env: Vec::new(),
        variables: String::new(),
        volumes: Vec::new(),
        identity: Identity::default(),
        directories,
        tty: false,
        ..spec.clone()
    };
    let rest = Sha256::of(render(plan, &rest)?.text().as_bytes()).to_string();
    facts.push(("other settings".to_owned(), rest));
    Ok(facts)
}

/// The id of the image now; empty if it is not here, or the engine has none.
pub(crate) fn image_id(spec: &RunSpec) -> String {
    if spec.engine == Engine::Native {
        return String::new();
    }
    let output = inspect_image(spec.engine, &spec.image);
    if output.ok { output.stdout } else { String::new() }
}

/// The titles of what differs between a session and what would be started now.
pub(crate) fn differences(
    session: &super::FoundSession,
    facts: &[Fact],
    image_id: &str,
) -> Vec<String> {
    let known = session.record.facts.as_deref().unwrap_or_default();
    let changed = facts.iter().filter(|fact| !known.contains(fact));
    let mut titles: Vec<_> = changed.map(|(title, _)| title.clone()).collect();
    // Also of another image, or in other environments, the command of the engine differs.
    if titles.len() > 1 {
        titles.retain(|title| title != "other settings");
    }
    let same_image = !titles.iter().any(|title| title == "the image" || title == "the engine");
    if same_image && session.ready_image().is_some_and(|ready| ready != image_id) {
        titles.push(CONTENT.to_owned());
    }
    titles
}
