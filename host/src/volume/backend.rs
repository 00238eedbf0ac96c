//! The engine's part: making, telling apart and removing volumes.

use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::name;
use super::store::Store;
use crate::engine::{ask, ask_within, pull};
use crate::error::{Error, Result};
use crate::escape::shown;
use crate::render::Engine;
use crate::session;

/// Removing many files, or starting a container, may take its time.
const PATIENCE: Duration = Duration::from_secs(120);

/// The label that holds what tells a volume from a later one of its name.
const LABEL: &str = "paude.id";

/// How docker and podman say that they have no such image.
const UNKNOWN: [&str; 2] = ["no such image", "image not known"];

/// What stands for an image's Python and platform.
pub(super) fn image(engine: Engine, image: &str, fetch: bool) -> Result<String> {
    if engine == Engine::Native {
        return Ok(name::machine());
    }
    let program = engine.to_string();
    let id = || ask(&program, &["image", "inspect", "--format", "{{.Id}}", image]);
    let mut answer = id();
    if !answer.ok && fetch && pull(engine, image) {
        answer = id();
    }
    match answer.ok {
        true => Ok(answer.stdout),
        false if fetch => Err(Error::failed(format!(
            "cannot get the image `{}`: {}",
            shown(image),
            shown(answer.last())
        ))),
        false => Ok(image.to_owned()),
    }
}

/// Whether an engine answers.
pub(super) fn answers(engine: Engine) -> bool {
    ask(engine.to_string(), &["version"]).ok
}

/// Whether an image is still there; true unless the engine says that it is not.
pub(super) fn has_image(engine: Engine, image: &str) -> bool {
    if engine == Engine::Native {
        return name::is_here(image);
    }
    let answer = ask(engine.to_string(), &["image", "inspect", "--format", "{{.Id}}", image]);
    let said = answer.stderr.to_lowercase();
    answer.ok || !UNKNOWN.iter().any(|words| said.contains(words))
}

/// What tells a volume from a later one of its name; nothing if there is none. An engine
/// that does not tell is an error: what is taken for missing is made anew.
pub(super) fn id(engine: Engine, store: &Store, name: &str) -> Result<Option<String>> {
    if engine == Engine::Native {
        let dir = Dir::open_ambient_dir(store.content(name), ambient_authority());
        let data = dir.and_then(|dir| dir.dir_metadata());
        return match data {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::failed(format!("cannot look at volume `{name}`: {error}"))),
            Ok(data) => Ok(Some(session::identity(&data))),
        };
    }
    let format = format!("{{{{index .Labels \"{LABEL}\"}}}}");
    let answer = ask(engine.to_string(), &["volume", "inspect", "--format", &format, name]);
    match answer.ok {
        true => Ok(Some(answer.stdout)),
        false => is_absent(engine, name).map(|()| None),
    }
}

/// Removes a volume, if there is one.
pub(super) fn remove(engine: Engine, store: &Store, name: &str) -> Result<()> {
    if engine == Engine::Native {
        return store.remove_content(name);
    }
    match id(engine, store, name)? {
        None => return Ok(()),
        Some(id) if id.is_empty() || id == "<no value>" => {
            return Err(Error::failed(format!("the volume `{name}` was not made by paude"))
                .hint(format!("remove it if you do not need it: {engine} volume rm {name}")));
        }
        Some(_) => {}
    }
    let answer = ask_within(PATIENCE, engine.to_string(), &["volume", "rm", name]);
    match answer.ok {
        true => Ok(()),
        false => Err(Error::failed(format!(
            "cannot remove the volume `{name}`: {}",
            shown(answer.last())
        ))
        .hint("end what uses it, then try again")),
    }
}

/// Fails if an engine does not say that it has no such volume.
fn is_absent(engine: Engine, name: &str) -> Result<()> {
    let filter = format!("name={name}");
    let answer = ask(engine.to_string(), &["volume", "ls", "--quiet", "--filter", &filter]);
    if answer.ok && answer.stdout.is_empty() {
        return Ok(());
    }
    let said = shown(answer.last()).into_owned();
    Err(Error::failed(format!("{engine} does not tell whether it has the volume `{name}`: {said}"))
        .hint(format!("`paude doctor` looks at {engine}; the volume is still listed")))
}

/// Makes an empty volume that any user of a container may write in, and says what tells
/// it from a later one.
pub(super) fn make(
    engine: Engine,
    store: &Store,
    name: &str,
    image: &str,
    labels: &[(&str, &Path)],
) -> Result<String> {
    if engine == Engine::Native {
        return make_directory(store, name);
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let id = format!("{:x}-{:x}", std::process::id(), since.as_nanos());
    let program = engine.to_string();
    let mut words = vec!["volume".to_owned(), "create".to_owned()];
    words.extend(["--label".to_owned(), format!("{LABEL}={id}")]);
    for (key, value) in labels {
        let label = format!("paude.{key}={}", value.display());
        // podman reads this as CSV, docker as it is.
        let label = match engine {
            Engine::Podman => format!("\"{}\"", label.replace('"', "\"\"")),
            _ => label,
        };
        words.extend(["--label".to_owned(), label]);
    }
    words.push(name.to_owned());
    let fail = |what: &str, said: &str| {
        Error::failed(format!("cannot {what} the volume `{name}`: {}", shown(said)))
            .hint("--storage tmpfs does without")
    };
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let made = ask_within(PATIENCE, &program, &words);
    if !made.ok {
        return Err(fail("make", made.last()));
    }
    // An engine makes it for root alone. Mounted here first, where no image has anything,
    // podman copies nothing into it.
    let mount = format!("type=volume,source={name},destination=/paude-volume");
    let open = ["run", "--rm", "--network", "none", "--user", "0:0", "--entrypoint", "chmod"];
    let open = [&open[..], &["--mount", &mount, image, "1777", "/paude-volume"]].concat();
    let opened = ask_within(PATIENCE, &program, &open);
    if !opened.ok {
        let _ = ask_within(PATIENCE, &program, &["volume", "rm", name]);
        return Err(fail("open", opened.last()));
    }
    Ok(id)
}

#[expect(clippy::disallowed_methods, reason = "below the state directory")]
fn make_directory(store: &Store, name: &str) -> Result<String> {
    let path = store.content(name);
    let made = std::fs::create_dir(&path);
    made.map_err(|error| Error::failed(format!("cannot make the volume `{name}`: {error}")))?;
    id(Engine::Native, store, name)?
        .ok_or_else(|| Error::failed(format!("the volume `{name}` is gone")))
}
