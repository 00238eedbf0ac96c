//! What a renderer says, its engine reads back as it was meant.

use std::ffi::{OsStr, OsString};

use arbitrary::{Result, Unstructured};

use super::{Argv, Engine, Guarded, Job, Rendered, Sandbox, User, entry, renderer};
use crate::oracle::readers::{assert_shell_reads_back, mount, only, options};
use crate::oracle::words;
use crate::plan::{Plan, Shadow};

/// Any plan and job, on every engine: the engine's own reader gets back the same
/// sources, targets, options and arguments, or the refusal names the engine and why.
pub fn render(bytes: &[u8]) {
    let mut u = Unstructured::new(bytes);
    let (Ok(Some(plan)), Ok(job)) = (Plan::drawn(&mut u), job(&mut u)) else { return };
    let volumes = match job.volumes.is_empty() {
        true => Vec::new(),
        false => (0..plan.shadows().len()).map(|at| format!("paude-{at}").into()).collect(),
    };
    let job = Job { guarded: Guarded::all(&plan), volumes, ..job };
    for engine in [Engine::Podman, Engine::Docker, Engine::Native] {
        match renderer(engine).render(&plan, &job) {
            Ok(Rendered::Command(argv)) => oci(engine, &argv, &plan, &job),
            Ok(Rendered::Sandbox(sandbox)) => native(&sandbox, &plan, &job),
            Err(refusal) => {
                assert_ne!(engine, Engine::Native, "{refusal:?}: it takes any bytes");
                let said = crate::error::Error::from(refusal).to_string();
                assert!(said.starts_with(&format!("error: {engine} cannot take ")), "{said}");
                assert!(refusable(&plan, &job), "{said}, but there is nothing to refuse");
                assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{said:?}");
            }
        }
    }
}

fn job(u: &mut Unstructured<'_>) -> Result<Job> {
    let mut env = Vec::new();
    for _ in 0..u.int_in_range(0..=2)? {
        env.push((format!("V{}", u.int_in_range(0..=1)?), words::string(u)?));
    }
    let mut command = Vec::new();
    for _ in 0..u.int_in_range(0..=3)? {
        command.push(words::argument(u)?);
    }
    Ok(Job {
        name: "paude-1".to_owned(),
        image: "localhost/image:1".to_owned(),
        image_reason: None,
        command,
        setup: u.ratio(1, 2)?.then(|| words::string(u)).transpose()?,
        env,
        user: match u.int_in_range(0..=2)? {
            0 => User::Image,
            1 => User::Container("1000:1000".to_owned()),
            _ => User::KeepId { uid: 1000, gid: 1000 },
        },
        volumes: u.ratio(1, 2)?.then(OsString::new).into_iter().collect(),
        guarded: Vec::new(),
        unguarded: false,
        tty: u.arbitrary()?,
        selinux: u.arbitrary()?,
        engine_args: u.ratio(1, 4)?.then(|| "--network=none".to_owned()).into_iter().collect(),
    })
}

/// Whether there is anything that podman and docker cannot say.
fn refusable(plan: &Plan, job: &Job) -> bool {
    let unsayable = |text: &OsStr| text.to_str().is_none();
    let folded = |text: &OsStr| text.as_encoded_bytes().windows(2).any(|two| two == b"\r\n");
    let targets = plan.shadows().iter().map(|shadow| shadow.target().as_os_str());
    let mut paths = targets.chain([plan.target().as_os_str()]);
    paths.any(|path| unsayable(path) || folded(path) || path.len() > 3950)
        || job.command.iter().any(|arg| unsayable(arg))
        || job.env.iter().any(|(_, value)| folded(value.as_ref()))
}

/// The value of the only option of that name.
fn value<'o>(options: &'o [(String, Vec<OsString>)], name: &str) -> &'o str {
    let mut found = options.iter().filter(|(option, _)| option == name);
    let value = found.next().unwrap_or_else(|| panic!("no {name}"));
    assert!(found.next().is_none(), "{name} twice");
    only(&value.1)
}

fn oci(engine: Engine, argv: &Argv, plan: &Plan, job: &Job) {
    assert_shell_reads_back(argv);
    assert_eq!(
        (argv.program.to_str(), argv.args[0].to_str()),
        (Some(engine.to_string().as_str()), Some("run"))
    );
    let (options, rest) = options(&argv.args[1..], |name| match name {
        "--rm" | "--interactive" | "--tty" => Some(0),
        "--name" | "--label" | "--userns" | "--user" | "--mount" | "--workdir" | "--env"
        | "--entrypoint" | "--security-opt" => Some(1),
        _ => None,
    });
    // What is neither option nor value: the image, then what goes to the entry point.
    assert_eq!(rest[0].to_str(), Some(job.image.as_str()));
    assert_eq!(rest[1..], entry::args(plan, job));
    assert_eq!(value(&options, "--entrypoint"), entry::SHELL);
    assert_eq!(value(&options, "--name"), job.name);
    let workspace = plan.workspace().as_path().to_str().expect("refused otherwise");
    let target = plan.target().as_path().to_str().expect("refused otherwise");
    assert_eq!(value(&options, "--workdir"), target);
    assert_eq!(value(&options, "--label"), format!("paude.workspace={workspace}"));
    let env: Vec<_> =
        options.iter().filter(|(name, _)| name == "--env").map(|(_, env)| only(env)).collect();
    let wanted: Vec<_> = job.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(env, wanted);

    let mounts =
        options.iter().filter(|(name, _)| name == "--mount").map(|(_, value)| mount(only(value)));
    let mut wanted =
        vec![fields(&[("type", "bind"), ("source", workspace), ("destination", target)])];
    wanted.extend(plan.shadows().iter().enumerate().map(
        |(at, shadow)| match job.volumes.get(at) {
            None => shadow_fields(engine, shadow),
            Some(name) => volume_fields(engine, shadow, name.to_str().expect("drawn so")),
        },
    ));
    assert_eq!(mounts.collect::<Vec<_>>(), wanted);
}

/// A `--mount` value, read: keys and values, where an empty one stands for none.
fn fields(pairs: &[(&str, &str)]) -> Vec<(String, Option<String>)> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (!value.is_empty()).then(|| (*value).to_owned())))
        .collect()
}

fn shadow_fields(engine: Engine, shadow: &Shadow) -> Vec<(String, Option<String>)> {
    let destination =
        ("destination", shadow.target().as_path().to_str().expect("refused otherwise"));
    let size = shadow.size().map(|size| size.to_string());
    match engine {
        Engine::Podman => {
            let mut pairs = vec![
                ("type", "tmpfs"),
                destination,
                ("notmpcopyup", ""),
                ("U", ""),
                ("tmpfs-mode", "1777"),
            ];
            pairs.extend(size.as_deref().map(|size| ("tmpfs-size", size)));
            fields(&pairs)
        }
        _ => {
            let size = size.map_or_else(String::new, |size| format!(",size={size}"));
            let o = format!("o=mode=1777,nosuid,nodev{size}");
            let option = |value| ("volume-opt", value);
            let local =
                [option("type=tmpfs"), option("device=tmpfs"), option(&o), ("volume-nocopy", "")];
            fields(&[&[("type", "volume"), destination], local.as_slice()].concat())
        }
    }
}

fn volume_fields(engine: Engine, shadow: &Shadow, name: &str) -> Vec<(String, Option<String>)> {
    let destination = shadow.target().as_path().to_str().expect("refused otherwise");
    let mut pairs = vec![("type", "volume"), ("source", name), ("destination", destination)];
    pairs.extend((engine == Engine::Docker).then_some(("volume-nocopy", "")));
    fields(&pairs)
}

fn native(sandbox: &Sandbox, plan: &Plan, job: &Job) {
    // It travels to the helper as JSON.
    let json = serde_json::to_vec(sandbox).expect("any bytes");
    assert_eq!(serde_json::from_slice::<Sandbox>(&json).expect("what was written"), *sandbox);
    let argv = sandbox.bwrap();
    assert_shell_reads_back(&argv);
    let (options, program) = options(&argv.args, |name| match name {
        "--unshare-user-try" | "--unshare-pid" | "--unshare-ipc" | "--die-with-parent" => Some(0),
        "--dev" | "--proc" | "--perms" | "--size" | "--tmpfs" | "--unsetenv" | "--chdir" => Some(1),
        "--ro-bind" | "--bind" | "--setenv" => Some(2),
        _ => None,
    });
    assert_eq!(program[0], entry::SHELL);
    assert_eq!(program[1..], entry::args(plan, job));
    // bwrap mounts in the order of its words: the shadows lie on the workspace.
    let workspace = plan.workspace().as_path().as_os_str();
    let bind = options.iter().position(|(name, _)| name == "--bind").expect("the workspace");
    assert_eq!(options[bind].1, [workspace, workspace]);
    let mut after = options[bind + 1..].iter();
    for (at, shadow) in plan.shadows().iter().enumerate() {
        if let Some(source) = job.volumes.get(at) {
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
