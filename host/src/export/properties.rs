//! The property of exports: a reader of the format finds exactly the plan and the specification.

use std::collections::BTreeSet;

use arbitrary::Unstructured;
use serde_json::Value;

use super::{ExportInput, ExportOptions, Exported, export};
use crate::cli::ExportFormat;
use crate::engine::READ_ONLY_FIELD;
use crate::plan::{Plan, Shadow};
use crate::render::properties::generate_spec;
use crate::render::{GuardKind, ScriptArgs, replacing_script, script_args};
use crate::run_spec::{GuardedDirectory, GuardedMount, RunSpec};
use crate::testing::parsers::parse_mount;
use crate::testing::systemd;

/// Compares what a reader of one format finds with the input.
type Reader = fn(&Exported, &ExportInput<'_>);

/// Exports any plan and specification in every format. An independent reader finds the same
/// paths, variables and arguments, or the error names the format. Returns the formats that can
/// represent them.
pub(crate) fn read_back(bytes: &[u8]) -> Vec<ExportFormat> {
    let mut u = Unstructured::new(bytes);
    let (Ok(Some(plan)), Ok(spec)) = (Plan::generated(&mut u), generate_spec(&mut u)) else {
        return Vec::new();
    };
    let targets: BTreeSet<_> =
        plan.all_shadows().map(Shadow::target).chain(plan.parts().map(Plan::target)).collect();
    if targets.len() < plan.all_shadows().count() + plan.parts().count() {
        // No checked plan hides or shares a directory twice, or hides one that is shared.
        return Vec::new();
    }
    let (guarded, directories) = (GuardedMount::all(&plan), GuardedDirectory::all(&plan));
    let spec = RunSpec { guarded, directories, volumes: Vec::new(), ..spec };
    let passed = vec!["PASSED".to_owned()];
    let options = ExportOptions { has_user: true, ..ExportOptions::default() };
    let input = ExportInput::new(&plan, spec, passed, options);
    let exported = |format| match export(format, &input) {
        Ok(exported) => {
            assert!(exported.text.starts_with(&super::header(format)));
            Some(exported)
        }
        Err(error) => {
            let report = error.report();
            assert!(report.starts_with(&format!("error: {format} cannot represent ")), "{report}");
            assert!(!report.chars().any(|c| c.is_control() && c != '\n'), "{report:?}");
            None
        }
    };
    let readers: [(ExportFormat, Reader); 4] = [
        (ExportFormat::Compose, read_compose),
        (ExportFormat::Devcontainer, read_devcontainer),
        (ExportFormat::Kube, read_kube),
        (ExportFormat::Quadlet, read_quadlet),
    ];
    let mut readable = Vec::new();
    for (format, read) in readers {
        if let Some(exported) = exported(format) {
            read(&exported, &input);
            readable.push(format);
        }
    }
    let ignored = exported(ExportFormat::Ignore).expect("every name is representable");
    let lines = 1 + ignored.warnings.len() + plan.shadows().len();
    assert_eq!(ignored.text.lines().count(), lines, "{}", ignored.text);
    readable
}

fn target(path: &crate::path::ContainerPath) -> &str {
    path.as_path().to_str().expect("refused otherwise")
}

/// Each directory that is shared, and whether it is read-only.
fn shared<'i>(input: &'i ExportInput<'_>) -> impl Iterator<Item = (&'i str, bool)> {
    let access = input.plan.further().iter().map(|further| further.read_only);
    let access = std::iter::once(input.spec.read_only).chain(access);
    input.plan.parts().map(|part| target(part.target())).zip(access)
}

/// The fields of the `--mount` value of a directory that is shared.
fn bind_fields(path: &str, read_only: bool) -> Vec<(String, Option<String>)> {
    let field = |key: &str, value: &str| (key.to_owned(), Some(value.to_owned()));
    let mut fields = vec![field("type", "bind"), field("source", path), field("destination", path)];
    fields.extend(read_only.then(|| (READ_ONLY_FIELD.to_owned(), None)));
    fields
}

/// A shell reads from a script the arguments of the check, and then `command`.
fn assert_script(text: &str, input: &ExportInput<'_>, kind: GuardKind, command: &[&str]) {
    let arguments = text.strip_suffix(&replacing_script()).expect("it ends with the script");
    let words = shell_words(arguments);
    let ScriptArgs { settings, paths } =
        script_args(input.plan, &input.spec, input.plan.kept_shadows().count(), kind);
    let args = settings.into_iter().chain(paths.into_iter().flatten());
    let mut expected: Vec<_> = ["set", "--"].map(str::to_owned).into();
    expected.extend(args.map(|arg| arg.into_string().expect("refused otherwise")));
    expected.extend(command.iter().map(|word| (*word).to_owned()));
    assert_eq!(words, expected);
}

/// The words of a simple command, by the Shell Command Language of POSIX (2.2 and 2.3), with
/// `$@` in double quotes as it is.
fn shell_words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut chars) = (Vec::new(), None, text.chars());
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\n' => words.extend(word.take()),
            '\\' => match chars.next().expect("an escaped character") {
                '\n' => {}
                c => word.get_or_insert_with(String::new).push(c),
            },
            '\'' | '"' => {
                let quoted: String = chars.by_ref().take_while(|next| *next != c).collect();
                assert!(c == '\'' || quoted == "$@", "{quoted:?} is expanded");
                word.get_or_insert_with(String::new).push_str(&quoted);
            }
            c => {
                assert!(c.is_alphanumeric() || "%+,-./:@_".contains(c), "`{c}` is not quoted");
                word.get_or_insert_with(String::new).push(c);
            }
        }
    }
    words.extend(word);
    words
}

fn command<'i>(input: &'i ExportInput<'_>) -> Vec<&'i str> {
    input.spec.command.iter().map(|word| word.to_str().expect("refused otherwise")).collect()
}

/// The variables with a value; the last of a name wins.
fn set_variables(input: &ExportInput<'_>) -> serde_json::Map<String, Value> {
    let env = input.spec.env.iter();
    env.map(|(name, value)| (name.clone(), value.as_str().into())).collect()
}

/// What Compose makes of a text with `$`; panics if a variable is expanded.
fn compose_text(value: &Value) -> String {
    let text = value.as_str().expect("a string");
    assert!(!text.replace("$$", "").contains('$'), "{text:?}");
    text.replace("$$", "$")
}

fn read_compose(exported: &Exported, input: &ExportInput<'_>) {
    let document: Value = serde_saphyr::from_str(&exported.text).expect("YAML");
    let service = &document["services"]["paude"];
    assert_eq!(service["network_mode"].as_str(), input.spec.no_network.then_some("none"));
    let user = service["user"].as_str();
    let ids = super::user::ids(&input.spec.user).map(|ids| format!("${{PAUDE_USER:-{ids}}}"));
    assert_eq!(user, ids.as_deref());
    let workspace = target(input.plan.target());
    assert_eq!(compose_text(&service["working_dir"]), workspace);
    let mounts = service["volumes"].as_array().expect("mounts");
    let (binds, shadows) = mounts.split_at(input.plan.parts().count());
    for (mount, (path, read_only)) in binds.iter().zip(shared(input)) {
        assert_eq!(mount["type"], "bind");
        assert_eq!(mount["bind"]["create_host_path"], false);
        assert_eq!(mount["read_only"].as_bool().unwrap_or(false), read_only);
        for key in ["source", "target"] {
            assert_eq!(compose_text(&mount[key]), path);
        }
    }
    assert_eq!(shadows.len(), input.plan.all_shadows().count());
    for (mount, shadow) in shadows.iter().zip(input.plan.all_shadows()) {
        assert_eq!(compose_text(&mount["target"]), target(shadow.target()));
        assert_eq!((&mount["type"], &mount["volume"]["nocopy"]), (&"volume".into(), &true.into()));
        let volume = &document["volumes"][mount["source"].as_str().expect("a name")];
        if shadow.is_kept() {
            assert_eq!(*volume, serde_json::json!({ "driver": "local" }));
            continue;
        }
        let size = shadow.size().map_or_else(String::new, |size| format!(",size={size}"));
        assert_eq!(volume["driver_opts"]["o"], format!("mode=1777,nosuid,nodev{size}"));
        assert_eq!(volume["driver_opts"]["type"], "tmpfs");
    }
    let kept: Vec<_> = input.plan.kept_shadows().map(|shadow| target(shadow.target())).collect();
    let prepared = document["services"]["paude-volumes"]["command"].as_array();
    let prepared: Vec<_> = prepared.into_iter().flatten().map(compose_text).collect();
    assert_eq!(prepared, kept);
    let mut expected = set_variables(input);
    expected.insert("PASSED".to_owned(), Value::Null);
    let env = service["environment"].as_object().expect("variables").clone();
    let env: serde_json::Map<_, _> = env
        .into_iter()
        .map(|(name, value)| {
            let value = if value.is_null() { value } else { compose_text(&value).into() };
            (name, value)
        })
        .collect();
    assert_eq!(env, expected);
    assert_script(&compose_text(&service["entrypoint"][2]), input, GuardKind::Shared, &["$@"]);
    let words = service["command"].as_array().expect("a list");
    assert_eq!(words.iter().map(compose_text).collect::<Vec<_>>(), command(input));
}

fn read_devcontainer(exported: &Exported, input: &ExportInput<'_>) {
    let is_comment = |line: &&str| line.starts_with("//");
    let json: String = exported.text.lines().skip_while(is_comment).collect();
    let document: Value = serde_json::from_str(&json).expect("JSON");
    let workspace = target(input.plan.target());
    assert_eq!(document["workspaceFolder"], workspace);
    let read_only = if input.spec.read_only { ",readonly" } else { "" };
    let bind = format!("type=bind,source={workspace},target={workspace}{read_only}");
    assert_eq!(document["workspaceMount"], bind);
    let arguments = document["runArgs"].as_array().expect("arguments");
    let has_network = !arguments.iter().any(|word| word == "--network=none");
    assert_eq!(has_network, !input.spec.no_network);
    let after_mount = arguments.iter().skip_while(|word| *word != "--mount").collect::<Vec<_>>();
    let mut mounts = after_mount.chunks(2).take_while(|pair| *pair[0] == "--mount");
    for (path, read_only) in shared(input).skip(1) {
        let mount = mounts.next().expect("a mount")[1].as_str().expect("a string");
        assert_eq!(parse_mount(mount), bind_fields(path, read_only));
    }
    let mut names = BTreeSet::new();
    for shadow in input.plan.all_shadows() {
        let mount = mounts.next().expect("a mount")[1].as_str().expect("a string");
        let fields = parse_mount(mount);
        assert_eq!(fields[2], ("destination".to_owned(), Some(target(shadow.target()).to_owned())));
        names.insert(fields[1].1.clone());
    }
    assert!(mounts.next().is_none());
    assert_eq!(names.len(), input.plan.all_shadows().count());
    for (name, value) in set_variables(input) {
        assert_eq!(document["containerEnv"][name], value);
    }
    assert_eq!(document["remoteEnv"]["PASSED"], "${localEnv:PASSED}");
    let script = document["postStartCommand"][2].as_str().expect("a script");
    assert_script(script, input, GuardKind::Tmpfs, &["true"]);
}

fn read_kube(exported: &Exported, input: &ExportInput<'_>) {
    let objects: Vec<Value> = serde_saphyr::from_multiple(&exported.text).expect("YAML");
    let [map, claims @ .., pod] = &objects[..] else { panic!("two objects: {objects:?}") };
    assert_eq!(claims.len(), input.plan.kept_shadows().count());
    assert_eq!((&map["kind"], &pod["kind"]), (&"ConfigMap".into(), &"Pod".into()));
    let script = map["data"]["entry.sh"].as_str().expect("a script");
    assert_script(script, input, GuardKind::Empty, &command(input));
    let mut data = map["data"].as_object().expect("data").clone();
    data.remove("entry.sh");
    assert_eq!(data, set_variables(input));
    let container = &pod["spec"]["containers"][0];
    let (mounts, volumes) = (&container["volumeMounts"], &pod["spec"]["volumes"]);
    assert!(!input.spec.no_network, "refused");
    for (index, (path, read_only)) in shared(input).enumerate() {
        let (mount, volume) = (&mounts[1 + index], &volumes[1 + index]);
        assert_eq!(mount["mountPath"], path);
        assert_eq!(mount["readOnly"].as_bool().unwrap_or(false), read_only);
        assert_eq!(volume["hostPath"]["path"], path);
        assert_eq!(mount["name"], volume["name"]);
    }
    for shadow in input.plan.all_shadows() {
        let path = target(shadow.target());
        let mounts = mounts.as_array().expect("mounts");
        let mount = mounts.iter().find(|mount| mount["mountPath"] == path).expect("a mount");
        let volumes = volumes.as_array().expect("volumes");
        let volume = volumes.iter().find(|volume| volume["name"] == mount["name"]);
        let volume = volume.expect("its volume");
        assert_eq!(volume["emptyDir"].is_object(), !shadow.is_kept());
        let name = &volume["persistentVolumeClaim"]["claimName"];
        let is_claimed = claims.iter().any(|claim| claim["metadata"]["name"] == *name);
        assert_eq!(is_claimed, shadow.is_kept());
    }
    let env = container["env"].as_array().expect("variables");
    let set = set_variables(input);
    assert_eq!(env.len(), set.len() + 1);
    for variable in env {
        let name = variable["name"].as_str().expect("a name");
        let source = if name == "PASSED" { "secretKeyRef" } else { "configMapKeyRef" };
        assert_eq!(variable["valueFrom"][source]["key"], name);
    }
}

fn read_quadlet(exported: &Exported, input: &ExportInput<'_>) {
    let entries = systemd::entries(&exported.text);
    let of = |key: &str| {
        let own = entries.iter().filter(|(section, own, _)| section == "Container" && own == key);
        own.map(|(.., value)| systemd::words(value)).collect::<Vec<_>>()
    };
    let mounts: Vec<_> = of("PodmanArgs")
        .into_iter()
        .filter(|words| words[0] == "--mount")
        .map(|words| parse_mount(&words[1]))
        .collect();
    let (binds, shadows) = mounts.split_at(input.plan.parts().count());
    for (fields, (path, read_only)) in binds.iter().zip(shared(input)) {
        assert_eq!(*fields, bind_fields(path, read_only));
    }
    assert_eq!(shadows.len(), input.plan.all_shadows().count());
    for (fields, shadow) in shadows.iter().zip(input.plan.all_shadows()) {
        let destination = fields.iter().find(|(key, _)| key == "destination").expect("one");
        assert_eq!(destination.1.as_deref(), Some(target(shadow.target())));
        let kind = if shadow.is_kept() { "volume" } else { "tmpfs" };
        assert_eq!(fields[0], ("type".to_owned(), Some(kind.to_owned())));
    }
    let network = entries.iter().filter(|(_, key, _)| key == "Network");
    let network: Vec<_> = network.map(|(.., value)| value.as_str()).collect();
    assert_eq!(network, if input.spec.no_network { &["none"][..] } else { &[] });
    let env: serde_json::Map<String, Value> = of("Environment")
        .into_iter()
        .map(|words| {
            assert_eq!(words.len(), 1);
            let (name, value) = words[0].split_once('=').expect("a value");
            (name.to_owned(), value.into())
        })
        .collect();
    assert_eq!(env, set_variables(input));
    let exec = of("Exec");
    assert_eq!((exec.len(), exec[0][0].as_str()), (1, "-c"));
    assert_script(&exec[0][1], input, GuardKind::Tmpfs, &command(input));
}

mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use crate::cli::ExportFormat;

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 500, failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn readers_find_what_was_exported(bytes in vec(any::<u8>(), 0..400)) {
            super::read_back(&bytes);
        }
    }

    /// The property would hold if everything were refused.
    #[test]
    fn each_format_can_represent_many_plans() {
        let mut counts = [0; ExportFormat::ALL.len()];
        let mut state = 1_u32;
        let mut byte = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        for _ in 0..1000 {
            let bytes: Vec<u8> = (0..100).map(|_| byte()).collect();
            for format in super::read_back(&bytes) {
                counts[format as usize] += 1;
            }
        }
        let [documents @ .., _] = counts;
        assert!(documents.iter().all(|count| *count >= 10), "{counts:?}");
    }
}
