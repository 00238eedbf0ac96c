//! A Compose file: one service, `paude`, for `docker compose run --rm paude COMMAND`.
//!
//! A shadow in memory is a named volume of the local driver: Compose's `tmpfs` is noexec with
//! docker, and podman fills it with a copy of the host's environment.

use super::script::{ScriptCommand, script};
use super::texts::Texts;
use super::yaml::{Key, Node, document, map, texts as list};
use super::{ExportInput, storage, user, variables};
use crate::error::Result;
use crate::plan::{Plan, Shadow};
use crate::render::{GuardKind, SHELL};

/// The service that gives the volumes to all users before the command starts, as docker creates
/// them for root.
const VOLUMES_SERVICE: &str = "paude-volumes";

/// Renders the file without its header.
pub(super) fn render(input: &ExportInput<'_>, texts: Texts) -> Result<(String, Vec<String>)> {
    texts.no_engine_args(&input.spec.engine_args)?;
    let mut service = service(input, texts)?;
    let mut services = Vec::new();
    if storage::keeps_any(input) {
        let wait = map([("condition", "service_completed_successfully".into())]);
        service.push(("depends_on".into(), map([(VOLUMES_SERVICE, wait)])));
        services.push((VOLUMES_SERVICE.into(), volumes_service(input, texts)?));
    }
    services.insert(0, ("paude".into(), Node::Map(service)));
    let volumes = input.plan.all_shadows().map(|shadow| volume(input, shadow)).collect();
    let document = document(&[
        ("services".into(), Node::Map(services)),
        ("volumes".into(), Node::Map(volumes)),
    ]);
    Ok((document, notes(input)))
}

/// The text of a value, in which Compose expands `$`.
fn text(value: &str) -> Node {
    Node::Text(value.replace('$', "$$"))
}

fn service(input: &ExportInput<'_>, texts: Texts) -> Result<Vec<(Key, Node)>> {
    // Runs at the same time share a volume.
    let script = script(input, texts, GuardKind::Shared, &ScriptCommand::OfArguments)?;
    let script = texts.argument(script)?;
    let command = texts.command(&input.spec.command)?;
    let target = texts.path(input.plan.target().as_path())?;
    let mut mounts = vec![bind(texts, input.plan, input.spec.read_only)?];
    for further in input.plan.further() {
        mounts.push(bind(texts, &further.plan, further.read_only)?);
    }
    mounts.extend(shadow_mounts(input, texts, |_| true)?);

    // The init process passes signals on to the command, which replaces the script.
    let mut service: Vec<(Key, Node)> =
        vec![("image".into(), text(&input.spec.image)), ("init".into(), true.into())];
    if let Some(ids) = user::ids(&input.spec.user) {
        // Not text: Compose is to expand this.
        service.push(("user".into(), Node::Text(format!("${{PAUDE_USER:-{ids}}}"))));
    }
    service.extend(network(input));
    service.push(("working_dir".into(), text(target)));
    service.push(("stdin_open".into(), true.into()));
    if input.spec.selinux {
        service.push(("security_opt".into(), list(["label:disable"])));
    }
    let variables = variables::all(input).into_iter();
    let variables: Vec<_> = variables
        .map(|(name, value)| (Key::Quoted(name.to_owned()), value.map_or(Node::Null, text)))
        .collect();
    if !variables.is_empty() {
        service.push(("environment".into(), Node::Map(variables)));
    }
    service.push(("volumes".into(), Node::List(mounts)));
    let entry = vec![SHELL.into(), "-c".into(), text(&script), "paude".into()];
    service.push(("entrypoint".into(), Node::List(entry)));
    service.push(("command".into(), Node::List(command.iter().map(|word| text(word)).collect())));
    Ok(service)
}

/// The mount of a directory that is shared.
fn bind(texts: Texts, part: &Plan, read_only: bool) -> Result<Node> {
    let mut bind = vec![
        ("type".into(), "bind".into()),
        ("source".into(), text(texts.path(part.workspace().as_path())?)),
        ("target".into(), text(texts.path(part.target().as_path())?)),
    ];
    if read_only {
        bind.push(("read_only".into(), true.into()));
    }
    bind.push(("bind".into(), map([("create_host_path", false.into())])));
    Ok(Node::Map(bind))
}

/// The key that takes the network away, if there is to be none.
fn network(input: &ExportInput<'_>) -> Option<(Key, Node)> {
    input.spec.no_network.then(|| ("network_mode".into(), "none".into()))
}

/// The service that makes the volumes writable for every user, and ends.
fn volumes_service(input: &ExportInput<'_>, texts: Texts) -> Result<Node> {
    let kept = input.plan.kept_shadows();
    let paths = kept.map(|shadow| texts.path(shadow.target().as_path()).map(text));
    let entry = [SHELL.into(), "-c".into(), text("chmod 1777 \"$@\""), "paude".into()];
    let mut service: Vec<(Key, Node)> =
        vec![("image".into(), text(&input.spec.image)), ("user".into(), "0:0".into())];
    service.extend(network(input));
    service.extend([
        ("volumes".into(), Node::List(shadow_mounts(input, texts, Shadow::is_kept)?)),
        ("entrypoint".into(), Node::List(entry.into())),
        ("command".into(), Node::List(paths.collect::<Result<_>>()?)),
    ]);
    Ok(Node::Map(service))
}

/// The mounts of these shadows. Without `nocopy` docker fills a volume with the image's files.
fn shadow_mounts(
    input: &ExportInput<'_>,
    texts: Texts,
    is_mounted: fn(&Shadow) -> bool,
) -> Result<Vec<Node>> {
    let mount = |shadow: &Shadow| {
        let target = texts.path(shadow.target().as_path())?;
        Ok(map([
            ("type", "volume".into()),
            ("source", volume_name(input, shadow).into()),
            ("target", text(target)),
            ("volume", map([("nocopy", true.into())])),
        ]))
    };
    input.plan.all_shadows().filter(|shadow| is_mounted(shadow)).map(mount).collect()
}

fn volume_name(input: &ExportInput<'_>, shadow: &Shadow) -> String {
    storage::shadow_name(input, shadow, &tmpfs_options(shadow).unwrap_or_default())
}

/// The options of the tmpfs of a shadow; `None` if it is stored on disk.
fn tmpfs_options(shadow: &Shadow) -> Option<String> {
    let size = shadow.size().map_or_else(String::new, |size| format!(",size={size}"));
    (!shadow.is_kept()).then(|| format!("mode=1777,nosuid,nodev{size}"))
}

/// The declaration of a shadow's volume.
fn volume(input: &ExportInput<'_>, shadow: &Shadow) -> (Key, Node) {
    let mut entries: Vec<(Key, Node)> = vec![("driver".into(), "local".into())];
    if let Some(options) = tmpfs_options(shadow) {
        let options =
            map([("type", "tmpfs".into()), ("device", "tmpfs".into()), ("o", options.into())]);
        entries.push(("driver_opts".into(), options));
    }
    (Key::Quoted(volume_name(input, shadow)), Node::Map(entries))
}

fn notes(input: &ExportInput<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let targets = input.plan.all_shadows().map(Shadow::target);
    let mut targets = targets.chain(input.plan.parts().map(Plan::target));
    if targets.any(|path| path.as_path().to_string_lossy().contains([',', '"'])) {
        notes.push("podman and podman-compose refuse paths with a comma or a quote".to_owned());
    }
    let has_limit = |shadow: &Shadow| !shadow.is_kept() && shadow.size().is_some();
    if input.plan.all_shadows().any(has_limit) {
        notes.push("podman 4.3 refuses the size of a volume in memory".to_owned());
    }
    if user::ids(&input.spec.user).is_some_and(|ids| ids != "0:0") {
        notes.push(
            "with rootless podman, set PAUDE_USER=0:0: root in the container is you".to_owned(),
        );
    }
    notes
}
