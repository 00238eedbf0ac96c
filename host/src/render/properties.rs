//! The property of renderers: each engine parses from their output exactly what was rendered.

use std::ffi::{OsStr, OsString};

use arbitrary::{Result, Unstructured};

use super::dialect::expected;
use super::{Argv, Rendered, Sandbox, entry};
use crate::engine::{DETACH_KEYS, Engine, READ_ONLY_FIELD, User};
use crate::plan::Plan;
use crate::run_spec::{GuardedDirectory, GuardedMount, RunSpec};
use crate::testing::hostile_text;
use crate::testing::parsers::{assert_shell_parses, only_value, parse_mount, parse_options};
use crate::workspace::Identity;

/// Renders any plan and specification for every engine. A parser of the engine's syntax finds
/// the same sources, targets, options and arguments, or the error names the engine and the
/// reason.
pub fn render(bytes: &[u8]) {
    let mut u = Unstructured::new(bytes);
    let (Ok(Some(plan)), Ok(spec)) = (Plan::generated(&mut u), generate_spec(&mut u)) else {
        return;
    };
    let volumes = plan.kept_shadows().enumerate().map(|(n, _)| format!("paude-{n}").into());
    let volumes = volumes.collect();
    let (guarded, directories) = (GuardedMount::all(&plan), GuardedDirectory::all(&plan));
    let spec = RunSpec { guarded, directories, volumes, ..spec };
    for engine in Engine::ALL {
        match super::render(&plan, &RunSpec { engine, ..spec.clone() }) {
            Ok(Rendered::Command(argv)) => check_oci(engine, &argv, &plan, &spec),
            Ok(Rendered::Sandbox(sandbox)) => check_native(&sandbox, &plan, &spec),
            Ok(Rendered::Document(text)) => panic!("not a command: {text}"),
            Err(unsupported) => {
                assert_ne!(engine, Engine::Native, "{unsupported:?}: every byte is representable");
                let report = crate::error::Error::from(unsupported).report();
                let start = format!("error: {engine} cannot represent ");
                assert!(report.starts_with(&start), "{report}");
                assert!(is_refusable(&plan, &spec), "{report}, but all of it is representable");
                assert!(!report.chars().any(|c| c.is_control() && c != '\n'), "{report:?}");
            }
        }
    }
}

/// Any specification, for the engine that a property sets.
pub(crate) fn generate_spec(u: &mut Unstructured<'_>) -> Result<RunSpec> {
    let mut env = Vec::new();
    for _ in 0..u.int_in_range(0..=2)? {
        env.push((format!("V{}", u.int_in_range(0..=1)?), hostile_text::string(u)?));
    }
    let mut command = Vec::new();
    for _ in 0..u.int_in_range(0..=3)? {
        command.push(hostile_text::argument(u)?);
    }
    Ok(RunSpec {
        engine: Engine::Native,
        name: "paude-1".to_owned(),
        image: "localhost/image:1".to_owned(),
        image_reason: None,
        command,
        setup: u.ratio(1, 2)?.then(|| hostile_text::string(u)).transpose()?,
        env,
        variables: u.ratio(1, 4)?.then(|| hostile_text::string(u)).transpose()?.unwrap_or_default(),
        user: match u.int_in_range(0..=2)? {
            0 => User::Image,
            1 => User::Container("1000:1000".to_owned()),
            _ => User::KeepId { uid: 1000, gid: 1000 },
        },
        cache: None,
        volumes: Vec::new(),
        guarded: Vec::new(),
        identity: Identity {
            inode: Some(7),
            witness: u.ratio(1, 2)?.then(|| hostile_text::string(u).map(Into::into)).transpose()?,
        },
        unguarded: false,
        tty: u.arbitrary()?,
        selinux: u.arbitrary()?,
        read_only: u.arbitrary()?,
        no_network: u.arbitrary()?,
        directories: Vec::new(),
        engine_args: u.ratio(1, 4)?.then(|| "--memory=1g".to_owned()).into_iter().collect(),
    })
}

/// Whether there is anything that podman and docker cannot represent.
fn is_refusable(plan: &Plan, spec: &RunSpec) -> bool {
    let not_utf8 = |text: &OsStr| text.to_str().is_none();
    let has_crlf = |text: &OsStr| text.as_encoded_bytes().windows(2).any(|two| two == b"\r\n");
    let targets = plan.all_shadows().map(|shadow| shadow.target().as_os_str());
    let mut paths = targets.chain(plan.parts().map(|part| part.target().as_os_str()));
    paths.any(|path| not_utf8(path) || has_crlf(path) || path.len() > 3950)
        || spec.command.iter().any(|arg| not_utf8(arg))
        || spec.env.iter().any(|(_, value)| has_crlf(value.as_ref()))
}

/// The value of an option that occurs exactly once.
fn value_of<'o>(options: &'o [(String, Vec<OsString>)], name: &str) -> &'o str {
    let mut found = options.iter().filter(|(option, _)| option == name);
    let value = found.next().unwrap_or_else(|| panic!("no {name}"));
    assert!(found.next().is_none(), "{name} twice");
    only_value(&value.1)
}

fn check_oci(engine: Engine, argv: &Argv, plan: &Plan, spec: &RunSpec) {
    assert_shell_parses(&argv.to_string(), argv.iter());
    assert_eq!(
        (argv.program.to_str(), argv.args[0].to_str()),
        (Some(engine.to_string().as_str()), Some("run"))
    );
    let (options, rest) = parse_options(&argv.args[1..], |name| match name {
        "--rm" | "--interactive" | "--tty" => Some(0),
        "--name" | "--label" | "--userns" | "--user" | "--mount" | "--workdir" | "--env"
        | "--entrypoint" | "--security-opt" | "--network" => Some(1),
        _ => None,
    });
    // The image and the arguments of the entry point follow the options.
    assert_eq!(rest[0].to_str(), Some(spec.image.as_str()));
    assert_eq!(rest[1..], entry::args(plan, spec));
    assert_eq!(value_of(&options, "--entrypoint"), entry::SHELL);
    assert_eq!(value_of(&options, "--name"), spec.name);
    let workspace = plan.workspace().as_path().to_str().expect("refused otherwise");
    let target = plan.target().as_path().to_str().expect("refused otherwise");
    assert_eq!(value_of(&options, "--workdir"), target);
    assert_eq!(value_of(&options, "--label"), format!("paude.workspace={workspace}"));
    assert_eq!(options.iter().any(|(name, _)| name == DETACH_KEYS), spec.tty);
    let networks: Vec<_> = options.iter().filter(|(name, _)| name == "--network").collect();
    assert_eq!(networks.len(), usize::from(spec.no_network));
    assert!(networks.iter().all(|(_, value)| only_value(value) == "none"));
    let env: Vec<_> = options
        .iter()
        .filter(|(name, _)| name == "--env")
        .map(|(_, env)| only_value(env))
        .collect();
    let expected: Vec<_> = spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(env, expected);

    let mounts = options
        .iter()
        .filter(|(name, _)| name == "--mount")
        .map(|(_, value)| parse_mount(only_value(value)));
    let access = std::iter::once(spec.read_only);
    let access = access.chain(plan.further().iter().map(|further| further.read_only));
    let mut wanted: Vec<_> = plan
        .parts()
        .zip(access)
        .map(|(part, read_only)| {
            let path = part.target().as_path().to_str().expect("refused otherwise");
            let mut bind = vec![("type", "bind"), ("source", path), ("destination", path)];
            bind.extend(read_only.then_some((READ_ONLY_FIELD, "")));
            expected::fields(&bind)
        })
        .collect();
    let mut names = spec.volumes.iter().map(|name| name.to_str().expect("generated as UTF-8"));
    wanted.extend(plan.all_shadows().map(|shadow| match shadow.is_kept() {
        false => expected::shadow(engine, shadow),
        true => expected::volume(engine, shadow, names.next().expect("a volume for each")),
    }));
    assert_eq!(mounts.collect::<Vec<_>>(), wanted);
}

fn check_native(sandbox: &Sandbox, plan: &Plan, spec: &RunSpec) {
    // paude sends it to the helper as JSON.
    let json = serde_json::to_vec(sandbox).expect("every byte is representable");
    assert_eq!(serde_json::from_slice::<Sandbox>(&json).expect("it was just serialised"), *sandbox);
    let argv = sandbox.bwrap();
    assert_shell_parses(&argv.to_string(), argv.iter());
    let (options, program) = parse_options(&argv.args, |name| match name {
        "--unshare-user-try" | "--unshare-pid" | "--unshare-ipc" | "--unshare-net"
        | "--die-with-parent" => Some(0),
        "--dev" | "--proc" | "--perms" | "--size" | "--tmpfs" | "--unsetenv" | "--chdir" => Some(1),
        "--ro-bind" | "--bind" | "--setenv" => Some(2),
        _ => None,
    });
    assert_eq!(program[0], entry::SHELL);
    assert_eq!(program[1..], entry::args(plan, spec));
    // bwrap mounts in the order of its options, so the shadows must follow the workspace.
    let workspace = plan.workspace().as_path().as_os_str();
    let kind = if spec.read_only { "--ro-bind" } else { "--bind" };
    let bind = options.iter().position(|(name, values)| name == kind && values[0] == workspace);
    let bind = bind.expect("the workspace");
    assert_eq!(options[bind].1, [workspace, workspace]);
    assert_eq!(options.iter().any(|(name, _)| name == "--unshare-net"), spec.no_network);
    let mut after = options[bind + 1..].iter();
    for further in plan.further() {
        let path = further.plan.target().as_os_str().to_owned();
        let kind = if further.read_only { "--ro-bind" } else { "--bind" };
        assert_eq!(after.next(), Some(&(kind.to_owned(), vec![path.clone(), path])));
    }
    let mut volumes = spec.volumes.iter();
    for shadow in plan.all_shadows() {
        if shadow.is_kept() {
            let source = volumes.next().expect("a volume for each");
            let target = shadow.target().as_os_str().to_owned();
            assert_eq!(after.next(), Some(&("--bind".to_owned(), vec![source.clone(), target])));
            continue;
        }
        if let Some(size) = shadow.size() {
            assert_eq!(after.next(), Some(&("--size".to_owned(), vec![size.to_string().into()])));
        }
        let target = shadow.target().as_os_str().to_owned();
        assert_eq!(after.next(), Some(&("--tmpfs".to_owned(), vec![target])));
    }
    let rest: Vec<_> = after.map(|(name, _)| name.as_str()).collect();
    assert!(
        rest.iter().all(|name| ["--unsetenv", "--setenv", "--chdir"].contains(name)),
        "{rest:?}"
    );
    assert_eq!(options.last(), Some(&("--chdir".to_owned(), vec![workspace.to_owned()])));
}
