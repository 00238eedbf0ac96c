//! A devcontainer.json, for editors and `@devcontainers/cli`.
//!
//! The shadows are arguments of `docker run`: the parser of `mounts` does not know quotes, and
//! drops all mounts but the last where it cannot find their targets.

use serde_json::{Map, Value, json};

use super::script::{ScriptCommand, script};
use super::texts::Texts;
use super::{ExportInput, storage, user, variables};
use crate::error::Result;
use crate::escape::{brief, shown};
use crate::json_line;
use crate::plan::{Plan, Shadow};
use crate::render::{GuardKind, SHELL, bind_mount, quote_field};

/// What the format expands, without a way to write it plainly.
const EXPANDED: [&str; 6] = [
    "${env:",
    "${localEnv:",
    "${containerEnv:",
    "${localWorkspaceFolder",
    "${containerWorkspaceFolder",
    "${devcontainerId",
];

/// Renders the document without the header.
pub(super) fn render(input: &ExportInput<'_>, texts: Texts) -> Result<(String, Vec<String>)> {
    check(input, texts)?;
    let source = plain_path(texts, input.plan.workspace().as_path())?;
    let target = plain_path(texts, input.plan.target().as_path())?;
    let read_only = if input.spec.read_only { ",readonly" } else { "" };
    let mut document = Map::new();
    let mut set = |key: &str, value: Value| document.insert(key.to_owned(), value);
    set("image", input.spec.image.as_str().into());
    set("init", true.into());
    set("workspaceMount", format!("type=bind,source={source},target={target}{read_only}").into());
    set("workspaceFolder", target.into());
    let mut arguments: Vec<String> = Vec::new();
    if input.spec.selinux {
        arguments.extend(["--security-opt".to_owned(), "label=disable".to_owned()]);
    }
    if input.spec.no_network {
        arguments.push("--network=none".to_owned());
    }
    for further in input.plan.further() {
        let source = texts.path(further.plan.workspace().as_path())?;
        let target = texts.path(further.plan.target().as_path())?;
        let mount = bind_mount(source, target, further.read_only);
        arguments.extend(["--mount".to_owned(), mount]);
    }
    for shadow in input.plan.all_shadows() {
        arguments.extend(["--mount".to_owned(), mount(input, texts, shadow)?]);
    }
    arguments.extend(input.spec.engine_args.iter().cloned());
    set("runArgs", arguments.into());
    if let Some(ids) = requested_user(input) {
        set("containerUser", ids.into());
        set("updateRemoteUserUID", false.into());
    }
    set("containerEnv", container_env(input));
    set("remoteEnv", remote_env(input, texts)?);
    let command = ScriptCommand::Words(vec!["true".to_owned()]);
    let script = script(input, texts, GuardKind::Tmpfs, &command)?;
    let script = texts.argument(script)?;
    set("postStartCommand", json!([SHELL, "-c", script, "paude"]));
    set("waitFor", "postStartCommand".into());
    check_expansions(texts, input)?;
    Ok((json_line::pretty(&Value::Object(document))?, notes(input)))
}

fn check(input: &ExportInput<'_>, texts: Texts) -> Result<()> {
    if !input.spec.command.is_empty() {
        return Err(texts
            .refuse("a command", "the container waits for those of an editor")
            .hint("leave it out, and run it with `devcontainer exec`"));
    }
    let is_root = requested_user(input).is_none_or(|ids| ids.starts_with("0:"));
    match storage::keeps_any(input) && !is_root {
        true => Err(texts
            .refuse("volumes of a user who is not root", "docker creates them for root")
            .hint("leave out --user, or use --storage tmpfs")),
        false => Ok(()),
    }
}

/// The user, if a setting names one: without it, editors choose and adapt the image's.
fn requested_user(input: &ExportInput<'_>) -> Option<String> {
    user::ids(&input.spec.user).filter(|_| input.options.has_user)
}

/// The path of the project, in a list of fields without quotes.
fn plain_path(texts: Texts, path: &std::path::Path) -> Result<&str> {
    let text = texts.path(path)?;
    match text.contains([',', '"', '=']) {
        true => Err(texts
            .refuse(
                &format!("the project's path `{}`", shown(text)),
                "it has a comma, a quote or an equals sign, which the key `workspaceMount` splits at",
            )
            .hint("rename it, or try another format")),
        false => Ok(text),
    }
}

/// The value of `--mount`. The id keeps apart the containers of one project; podman refuses
/// `volume-nocopy`.
fn mount(input: &ExportInput<'_>, texts: Texts, shadow: &Shadow) -> Result<String> {
    let size = shadow.size().map_or_else(String::new, |size| format!(",size={size}"));
    let options = format!("mode=1777,nosuid,nodev{size}");
    let is_kept = shadow.is_kept();
    let kept = if is_kept { "kept" } else { &options };
    let name = storage::shadow_name(input, shadow, kept);
    let name = format!("{name}-${{devcontainerId}}");
    let mut fields = vec![
        "type=volume".to_owned(),
        quote_field("source", &name),
        quote_field("destination", texts.path(shadow.target().as_path())?),
    ];
    if !is_kept {
        fields.extend(["volume-opt=type=tmpfs", "volume-opt=device=tmpfs"].map(str::to_owned));
        fields.push(quote_field("volume-opt=o", &options));
    }
    Ok(fields.join(","))
}

/// The variables with a value, and those that the script sets for its own command only.
fn container_env(input: &ExportInput<'_>) -> Value {
    let mut env = Map::new();
    env.insert("UV_LINK_MODE".to_owned(), "copy".into());
    if requested_user(input).is_some() {
        // Without a home, `postStartCommand` is skipped in silence.
        env.insert("HOME".to_owned(), "/tmp".into());
    }
    let set = variables::all(input).into_iter();
    env.extend(set.filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
    env.into()
}

fn remote_env(input: &ExportInput<'_>, texts: Texts) -> Result<Value> {
    let mut env = Map::new();
    let mut path = String::new();
    let primary = input.plan.primary().filter(|shadow| !shadow.target().divides_path());
    if let Some(primary) = primary {
        path += &format!("{}/bin:", texts.path(primary.target().as_path())?);
    }
    for dir in input.plan.program_dirs() {
        path += &format!("{}:", texts.path(dir.as_path())?);
    }
    if !path.is_empty() {
        env.insert("PATH".to_owned(), format!("{path}${{containerEnv:PATH}}").into());
    }
    let passed = input.passed.iter();
    env.extend(passed.map(|name| (name.clone(), format!("${{localEnv:{name}}}").into())));
    Ok(env.into())
}

/// Fails if a text of the input would be expanded.
fn check_expansions(texts: Texts, input: &ExportInput<'_>) -> Result<()> {
    let paths = input.plan.all_shadows().map(Shadow::target);
    let paths = paths.chain(input.plan.parts().map(Plan::target));
    let paths: Vec<_> = paths.map(|path| path.as_path().to_string_lossy()).collect();
    let values = input.spec.env.iter().map(|(_, value)| value.as_str());
    let others = input.spec.engine_args.iter().map(String::as_str).chain(values);
    let others = others.chain(input.spec.setup.as_deref());
    let others = others.chain([input.spec.variables.as_str()]);
    for text in paths.iter().map(AsRef::as_ref).chain(others) {
        if let Some(start) = EXPANDED.into_iter().find(|start| text.contains(start)) {
            let reason = format!("`{start}` in it is expanded, and cannot be written otherwise");
            return Err(texts.refuse(&format!("the text `{}`", brief(text)), &reason));
        }
    }
    Ok(())
}

fn notes(input: &ExportInput<'_>) -> Vec<String> {
    let mut notes = vec![
        "the check of the mounts and the setup are the postStartCommand, which runs when the \
         container has started"
            .to_owned(),
    ];
    let is_in_memory = |shadow: &&Shadow| !shadow.is_kept();
    let mut in_memory = input.plan.all_shadows().filter(is_in_memory).peekable();
    if in_memory.peek().is_some() {
        notes.push(
            "what is created in the environments is lost when the container stops".to_owned(),
        );
    }
    if in_memory.any(|shadow| shadow.size().is_some()) {
        notes.push("podman 4.3 refuses the size of a volume in memory".to_owned());
    }
    if !input.spec.variables.is_empty() {
        notes.push(
            "variables that are computed in the container are set for the setup alone: write them \
             as `remoteEnv`"
                .to_owned(),
        );
    }
    notes
}
