//! The volumes of the engines: creating, identifying and removing them.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::name;
use super::store::Store;
use crate::engine::{self, Engine, inspect_image, pull, query, query_within};
use crate::error::{Error, Result};
use crate::escape::shown;
use crate::session;

/// Removing many files, and starting a container, take long on a slow machine.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The label with the id of a volume.
const LABEL: &str = "paude.id";

/// The id of an image, or of this machine for the built-in engine. With `fetch`, an image that is
/// not here is pulled; without, its name is returned.
pub(super) fn image_id(engine: Engine, image: &str, fetch: bool) -> Result<String> {
    if engine == Engine::Native {
        return Ok(name::machine_id());
    }
    let mut output = inspect_image(engine, image);
    if !output.ok && fetch && pull(engine, image) {
        output = inspect_image(engine, image);
    }
    match output.ok {
        true => Ok(output.stdout),
        false if fetch => Err(Error::failed(format!(
            "cannot get the image `{}`: {}",
            shown(image),
            shown(output.last_line())
        ))),
        false => Ok(image.to_owned()),
    }
}

/// Whether an engine responds to a query.
pub(super) fn is_responding(engine: Engine) -> bool {
    query(engine.program(), &["version"]).ok
}

/// Whether an image exists; true also if the engine does not answer that.
pub(super) fn has_image(engine: Engine, image: &str) -> bool {
    if engine == Engine::Native {
        return name::is_on_this_machine(image);
    }
    engine::has_image(engine, image)
}

/// The id that distinguishes a volume from a later one of the same name; `None` if the volume
/// does not exist. Fails if the engine does not answer, because a missing volume is recreated.
pub(super) fn volume_id(engine: Engine, store: &Store, name: &str) -> Result<Option<String>> {
    if engine == Engine::Native {
        let dir = Dir::open_ambient_dir(store.content_dir(name), ambient_authority());
        return match dir.and_then(|dir| dir.dir_metadata()) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::failed(format!("cannot examine volume `{name}`: {error}"))),
            Ok(metadata) => Ok(Some(session::identity(&metadata))),
        };
    }
    let format = format!("{{{{index .Labels \"{LABEL}\"}}}}");
    let output = query(engine.program(), &["volume", "inspect", "--format", &format, name]);
    match output.ok {
        true => Ok(Some(output.stdout)),
        false => check_absent(engine, name).map(|()| None),
    }
}

/// Fails unless the engine lists no volume of this name.
fn check_absent(engine: Engine, name: &str) -> Result<()> {
    let filter = format!("name={name}");
    let list = engine.client().map_or(&[][..], |client| client.list_volumes);
    let output = query(engine.program(), &[list, &[filter.as_str()]].concat());
    if output.ok && output.stdout.is_empty() {
        return Ok(());
    }
    let message = shown(output.last_line()).into_owned();
    Err(Error::failed(format!(
        "cannot find out whether {engine} has the volume `{name}`: {message}"
    ))
    .hint(format!("`paude doctor` checks {engine}; the volume is still listed")))
}

/// Removes a volume that paude created, if it exists.
pub(super) fn remove(engine: Engine, store: &Store, name: &str) -> Result<()> {
    if engine == Engine::Native {
        return store.remove_content(name);
    }
    match volume_id(engine, store, name)? {
        None => return Ok(()),
        // Go's text/template prints `<no value>` for a missing key.
        Some(id) if id.is_empty() || id == "<no value>" => {
            return Err(Error::failed(format!("the volume `{name}` was not created by paude"))
                .hint(format!("remove it if you do not need it: {engine} volume rm {name}")));
        }
        Some(_) => {}
    }
    let output = query_within(TIMEOUT, engine.program(), &["volume", "rm", name]);
    match output.ok {
        true => Ok(()),
        false => Err(Error::failed(format!(
            "cannot remove the volume `{name}`: {}",
            shown(output.last_line())
        ))
        .hint("end what uses it, then try again")),
    }
}

/// Creates an empty volume in which any container user may write. Returns its id.
pub(super) fn create(
    engine: Engine,
    store: &Store,
    name: &str,
    image: &str,
    labels: &[(&str, &Path)],
) -> Result<String> {
    let Some(client) = engine.client() else { return create_directory(store, name) };
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let id = format!("{:x}-{:x}", std::process::id(), since_epoch.as_nanos());
    let program = client.program;
    let mut args = vec!["volume".to_owned(), "create".to_owned()];
    args.extend(["--label".to_owned(), format!("{LABEL}={id}")]);
    for (key, value) in labels {
        let label = format!("paude.{key}={}", value.display());
        let label = match client.label_is_csv {
            true => format!("\"{}\"", label.replace('"', "\"\"")),
            false => label,
        };
        args.extend(["--label".to_owned(), label]);
    }
    args.push(name.to_owned());
    let fail = |verb: &str, message: &str| {
        Error::failed(format!("cannot {verb} the volume `{name}`: {}", shown(message)))
            .hint("--storage tmpfs --no-cache needs no volume")
    };
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let created = query_within(TIMEOUT, program, &args);
    if !created.ok {
        return Err(fail("create", created.last_line()));
    }
    // The engine lets only root write in a new volume. This mounts it where no image has
    // anything, because podman would copy what the image has there into the volume.
    let mount = format!("type=volume,source={name},destination=/paude-volume");
    let run = ["run", "--rm", "--network", "none", "--user", "0:0", "--entrypoint", "chmod"];
    let chmod = [&run[..], &["--mount", &mount, image, "1777", "/paude-volume"]].concat();
    let opened = query_within(TIMEOUT, program, &chmod);
    if !opened.ok {
        let _ = query_within(TIMEOUT, program, &["volume", "rm", name]);
        return Err(fail("open", opened.last_line()));
    }
    Ok(id)
}

#[expect(clippy::disallowed_methods, reason = "below the state directory")]
fn create_directory(store: &Store, name: &str) -> Result<String> {
    std::fs::create_dir(store.content_dir(name))
        .map_err(|error| Error::failed(format!("cannot create the volume `{name}`: {error}")))?;
    volume_id(Engine::Native, store, name)?
        .ok_or_else(|| Error::failed(format!("the volume `{name}` is gone")))
}

/// Where the content of a volume is on this machine; `None` if the engine does not say.
pub(super) fn content_dir(engine: Engine, store: &Store, name: &str) -> Option<PathBuf> {
    if engine == Engine::Native {
        return Some(store.content_dir(name));
    }
    let args = ["volume", "inspect", "--format", "{{.Mountpoint}}", name];
    let output = query(engine.program(), &args);
    (output.ok && output.stdout.starts_with('/')).then(|| output.stdout.into())
}

/// The bytes that a directory occupies; `None` if part of it cannot be read.
#[expect(
    clippy::disallowed_methods,
    reason = "the content of a volume, of which only sizes are read"
)]
pub(super) fn count_bytes(dir: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    let (mut bytes, mut dirs) = (0, vec![dir.to_owned()]);
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).ok()? {
            let entry = entry.ok()?;
            let data = entry.metadata().ok()?; // of a link itself
            bytes += data.blocks() * 512;
            if data.is_dir() {
                dirs.push(entry.path());
            }
        }
    }
    Some(bytes)
}
