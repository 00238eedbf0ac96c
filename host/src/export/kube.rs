//! A Pod or a Job for Kubernetes and `podman kube play`, with the objects that it needs.
//!
//! A shadow is an `emptyDir` on disk: podman fills one in memory with a copy of the host's
//! environment. Script and variables are in a ConfigMap, because Kubernetes expands `$(NAME)` in
//! commands and values.

use super::script::{ScriptCommand, script};
use super::texts::Texts;
use super::yaml::{Key, Node, document, map};
use super::{ExportInput, storage, user, variables};
use crate::error::{Error, Result};
use crate::escape::{shown, shown_path};
use crate::plan::{Plan, Shadow};
use crate::render::{GuardKind, SHELL};

/// Where the script is mounted in the container.
const SCRIPT_DIR: &str = "/run/paude";

/// The name of the script, there and in the ConfigMap.
const SCRIPT_NAME: &str = "entry.sh";

/// The most bytes of the data of a ConfigMap, by the API's documentation.
const MAX_CONFIG_MAP: usize = 1 << 20;

/// The size that the claim of a shadow requests where none is set, in bytes.
const CLAIM_SIZE: u64 = 4 << 30;

/// Renders the objects without the header.
pub(super) fn render(input: &ExportInput<'_>, texts: Texts) -> Result<(String, Vec<String>)> {
    texts.no_engine_args(&input.spec.engine_args)?;
    check(input, texts)?;
    check_claim(input)?;
    let name = storage::project_name(input);
    let mut objects = vec![document(&config_map(input, texts, &name)?)];
    let kept = input.plan.kept_shadows();
    objects.extend(kept.map(|shadow| document(&claim(input, shadow))));
    let pod = pod_spec(input, texts, &name)?;
    let metadata = metadata(&name);
    objects.push(document(&match input.options.job {
        false => object("v1", "Pod", metadata, ("spec", pod)),
        true => {
            let template = map([("metadata", map([("labels", labels())])), ("spec", pod)]);
            let spec = map([("backoffLimit", 0.into()), ("template", template)]);
            object("batch/v1", "Job", metadata, ("spec", spec))
        }
    }));
    Ok((objects.join("---\n"), notes(input, &name)))
}

/// Fails for settings that a Pod has no place for.
fn check(input: &ExportInput<'_>, texts: Texts) -> Result<()> {
    if input.spec.no_network {
        return Err(texts
            .refuse("`network: none`", "each Pod has a network")
            .hint("add --network engine, and keep it from the network by a NetworkPolicy"));
    }
    let further = input.plan.further().first().filter(|_| input.options.claim.is_some());
    match further {
        None => Ok(()),
        Some(further) => Err(texts
            .refuse(
                &format!("the directory `{}`", shown_path(further.plan.workspace().as_path())),
                "--claim has the project alone",
            )
            .hint("leave out --claim, --with or --with-git")),
    }
}

/// A claim's name is that of an object of Kubernetes: a DNS subdomain (RFC 1123).
fn check_claim(input: &ExportInput<'_>) -> Result<()> {
    let Some(name) = &input.options.claim else { return Ok(()) };
    let is_part = |part: &str| {
        part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    match name.len() <= 253 && name.split('.').all(is_part) {
        true => Ok(()),
        false => Err(Error::usage(format!("--claim `{}` is no name of a claim", shown(name)))
            .hint("it has lower-case letters, digits, `-` and `.`, and at most 253 of them")),
    }
}

fn labels() -> Node {
    map([("app.kubernetes.io/name", "paude".into())])
}

fn metadata(name: &str) -> Node {
    map([("name", name.into()), ("labels", labels())])
}

fn object(
    version: &str,
    kind: &str,
    metadata: Node,
    content: (&'static str, Node),
) -> Vec<(Key, Node)> {
    vec![
        ("apiVersion".into(), version.into()),
        ("kind".into(), kind.into()),
        ("metadata".into(), metadata),
        (content.0.into(), content.1),
    ]
}

/// The script, and the values of variables by their names.
fn config_map(input: &ExportInput<'_>, texts: Texts, name: &str) -> Result<Vec<(Key, Node)>> {
    let command = ScriptCommand::Words(texts.command(&input.spec.command)?);
    let script = script(input, texts, GuardKind::Empty, &command)?;
    let mut length = script.len();
    let mut data: Vec<(Key, Node)> = vec![(SCRIPT_NAME.into(), script.into())];
    for (name, value) in variables::all(input) {
        if let Some(value) = value {
            length += name.len() + value.len();
            data.push((Key::Quoted(name.to_owned()), value.into()));
        }
    }
    if length > MAX_CONFIG_MAP {
        let reason = format!("together they are longer than {MAX_CONFIG_MAP} bytes");
        return Err(texts.refuse("the script and the variables", &reason));
    }
    Ok(object("v1", "ConfigMap", metadata(name), ("data", Node::Map(data))))
}

/// The claim of a shadow that is kept.
fn claim(input: &ExportInput<'_>, shadow: &Shadow) -> Vec<(Key, Node)> {
    let size = shadow.size().unwrap_or(CLAIM_SIZE).to_string();
    let spec = map([
        ("accessModes", Node::List(vec!["ReadWriteOnce".into()])),
        ("resources", map([("requests", map([("storage", size.into())]))])),
    ]);
    object("v1", "PersistentVolumeClaim", metadata(&shadow_volume(input, shadow)), ("spec", spec))
}

fn shadow_volume(input: &ExportInput<'_>, shadow: &Shadow) -> String {
    storage::shadow_name(input, shadow, "kube")
}

/// The name of the volume of a further directory, by its place in the plan.
fn further_volume(index: usize) -> String {
    format!("further-{index}")
}

fn pod_spec(input: &ExportInput<'_>, texts: Texts, name: &str) -> Result<Node> {
    let mut spec: Vec<(Key, Node)> = vec![
        ("restartPolicy".into(), "Never".into()),
        ("automountServiceAccountToken".into(), false.into()),
        // The command is then not the first process, which ignores most signals.
        ("shareProcessNamespace".into(), true.into()),
    ];
    // A claim belongs to root unless Kubernetes gives it to the group.
    let group = user::numbers(&input.spec.user).map(|(_, gid)| gid);
    let has_claims = input.options.claim.is_some() || storage::keeps_any(input);
    if let Some(gid) = group.filter(|_| has_claims) {
        spec.push(("securityContext".into(), map([("fsGroup", gid.into())])));
    }
    spec.push(("containers".into(), Node::List(vec![container(input, texts, name)?])));
    spec.push(("volumes".into(), Node::List(volumes(input, texts, name)?)));
    Ok(Node::Map(spec))
}

fn container(input: &ExportInput<'_>, texts: Texts, name: &str) -> Result<Node> {
    let mut container: Vec<(Key, Node)> = vec![
        ("name".into(), "paude".into()),
        ("image".into(), input.spec.image.as_str().into()),
        ("command".into(), vec![SHELL.into(), format!("{SCRIPT_DIR}/{SCRIPT_NAME}").into()].into()),
        ("workingDir".into(), texts.path(input.plan.target().as_path())?.into()),
    ];
    if input.spec.command.is_empty() {
        // A shell that waits for `kubectl attach`.
        container.extend([("stdin".into(), true.into()), ("tty".into(), true.into())]);
    }
    let env: Vec<_> = variables::all(input)
        .into_iter()
        .map(|(variable, value)| {
            let (source, object) = match value {
                Some(_) => ("configMapKeyRef", name.to_owned()),
                None => ("secretKeyRef", secret_name(name)),
            };
            let reference = map([("name", object.into()), ("key", variable.into())]);
            map([("name", variable.into()), ("valueFrom", map([(source, reference)]))])
        })
        .collect();
    if !env.is_empty() {
        container.push(("env".into(), Node::List(env)));
    }
    let mut context: Vec<(Key, Node)> = Vec::new();
    if let Some((uid, gid)) = user::numbers(&input.spec.user) {
        context.extend([("runAsUser".into(), uid.into()), ("runAsGroup".into(), gid.into())]);
    }
    if input.spec.selinux {
        context.push(("seLinuxOptions".into(), map([("type", "spc_t".into())])));
    }
    if !context.is_empty() {
        container.push(("securityContext".into(), Node::Map(context)));
    }
    container.push(("volumeMounts".into(), Node::List(mounts(input, texts)?)));
    Ok(Node::Map(container))
}

/// The mounts, each before those that lie in it.
fn mounts(input: &ExportInput<'_>, texts: Texts) -> Result<Vec<Node>> {
    let path = |path: &crate::path::ContainerPath| {
        let text = texts.path(path.as_path())?.to_owned();
        let what = format!("the path `{}`", shown(&text));
        if text.contains(':') {
            return Err(
                texts.refuse(&what, "it contains a colon, which ends a path for Kubernetes")
            );
        }
        let overlaps = |a: &std::path::Path, b: &std::path::Path| a.starts_with(b);
        let (own, script) = (path.as_path(), std::path::Path::new(SCRIPT_DIR));
        if overlaps(own, script) || overlaps(script, own) {
            return Err(texts.refuse(&what, &format!("the script is mounted at `{SCRIPT_DIR}`")));
        }
        Ok(text)
    };
    let shared = |name: &str, part: &Plan, read_only: bool| {
        let mut mount: Vec<(Key, Node)> =
            vec![("name".into(), name.into()), ("mountPath".into(), path(part.target())?.into())];
        if read_only {
            mount.push(("readOnly".into(), true.into()));
        }
        Ok::<_, Error>(Node::Map(mount))
    };
    let mut mounts = vec![
        map([
            ("name", "script".into()),
            ("mountPath", SCRIPT_DIR.into()),
            ("readOnly", true.into()),
        ]),
        shared("project", input.plan, input.spec.read_only)?,
    ];
    for (index, further) in input.plan.further().iter().enumerate() {
        mounts.push(shared(&further_volume(index), &further.plan, further.read_only)?);
    }
    let mut shadows: Vec<_> = input.plan.all_shadows().collect();
    shadows.sort_by_key(|shadow| shadow.target().as_path().components().count());
    for shadow in shadows {
        let (name, target) = (shadow_volume(input, shadow), path(shadow.target())?);
        mounts.push(map([("name", name.into()), ("mountPath", target.into())]));
    }
    Ok(mounts)
}

fn volumes(input: &ExportInput<'_>, texts: Texts, name: &str) -> Result<Vec<Node>> {
    let host_path = |part: &Plan| {
        let path = texts.path(part.workspace().as_path())?;
        Ok::<_, Error>(("hostPath", map([("path", path.into()), ("type", "Directory".into())])))
    };
    let project = match &input.options.claim {
        Some(claim) => ("persistentVolumeClaim", map([("claimName", claim.as_str().into())])),
        None => host_path(input.plan)?,
    };
    let mut volumes = vec![
        map([("name", "script".into()), ("configMap", map([("name", name.into())]))]),
        map([("name", "project".into()), project]),
    ];
    for (index, further) in input.plan.further().iter().enumerate() {
        volumes.push(map([("name", further_volume(index).into()), host_path(&further.plan)?]));
    }
    for shadow in input.plan.all_shadows() {
        let name = shadow_volume(input, shadow);
        let source = match (shadow.is_kept(), shadow.size()) {
            (true, _) => ("persistentVolumeClaim", map([("claimName", name.as_str().into())])),
            (false, Some(size)) => ("emptyDir", map([("sizeLimit", size.to_string().into())])),
            (false, None) => ("emptyDir", Node::Map(Vec::new())),
        };
        volumes.push(map([("name", name.into()), source]));
    }
    Ok(volumes)
}

/// The Secret with the variables that are passed on.
fn secret_name(name: &str) -> String {
    format!("{name}-env")
}

fn notes(input: &ExportInput<'_>, name: &str) -> Vec<String> {
    let mut notes = Vec::new();
    if !input.passed.is_empty() {
        notes.push(format!(
            "create the Secret `{}` with the keys {}",
            secret_name(name),
            input.passed.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        ));
    }
    let (mut kept, memory): (Vec<_>, Vec<_>) =
        input.plan.all_shadows().partition(|shadow| shadow.is_kept());
    if !memory.is_empty() {
        notes.push("the empty directories are on the node's disk, not in memory".to_owned());
    }
    kept.retain(|shadow| shadow.size().is_none());
    if !kept.is_empty() {
        let gib = CLAIM_SIZE >> 30;
        notes.push(format!("each environment's claim requests {gib} GiB, as no size is set"));
    }
    if user::numbers(&input.spec.user).is_some_and(|(uid, _)| uid != 0) {
        notes.push("rootless podman needs `kube play --userns=keep-id`".to_owned());
    }
    notes
}
