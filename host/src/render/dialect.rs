//! The differences between the command lines of the engines with a client; a new engine adds a
//! function in [`Dialect::of`].

use crate::engine::Engine;
use crate::plan::Shadow;

/// The differences between two engines.
pub(super) struct Dialect {
    pub(super) engine: Engine,
    /// The `--mount` value of a shadow in memory, at a destination that [`Dialect::check_text`]
    /// accepts.
    pub(super) shadow: fn(&Shadow, destination: &str) -> String,
    /// The `--mount` value of the volume with this name.
    pub(super) volume: fn(&str, destination: &str) -> String,
}

impl Dialect {
    /// The dialect of an engine; `None` if it has no client.
    pub(super) fn of(engine: Engine) -> Option<Self> {
        match engine {
            Engine::Podman => Some(Self { engine, shadow: podman_shadow, volume: podman_volume }),
            Engine::Docker => Some(Self { engine, shadow: docker_shadow, volume: docker_volume }),
            Engine::Native => None,
        }
    }
}

/// Quotes one field of `--mount`, which is a CSV record. Every field is quoted, as a rule for
/// when to quote could be wrong.
pub(crate) fn quote_field(key: &str, value: &str) -> String {
    format!("\"{key}={}\"", value.replace('"', "\"\""))
}

/// Without `notmpcopyup` podman fills the tmpfs with a copy of the host's environment. `U` makes
/// the container's user its owner, as runc before 1.1.8 ignores the mode of an existing mount
/// point.
pub(crate) fn podman_shadow(shadow: &Shadow, destination: &str) -> String {
    let destination = quote_field("destination", destination);
    let mut mount = format!("type=tmpfs,{destination},notmpcopyup,U,tmpfs-mode=1777");
    if let Some(size) = shadow.size() {
        mount.push_str(&format!(",tmpfs-size={size}"));
    }
    mount
}

/// It needs no option against copying: podman fills a volume with the image's files only at its
/// first use, which was at another path, when paude created it.
pub(crate) fn podman_volume(name: &str, destination: &str) -> String {
    let (source, destination) =
        (quote_field("source", name), quote_field("destination", destination));
    format!("type=volume,{source},{destination}")
}

/// A shadow is an anonymous volume of the local driver, which can be a tmpfs with any options
/// and which `--rm` removes. A tmpfs of `--mount` is always noexec, and the path of `--tmpfs`
/// cannot contain a colon.
fn docker_shadow(shadow: &Shadow, destination: &str) -> String {
    let destination = quote_field("destination", destination);
    let mut options = "mode=1777,nosuid,nodev".to_owned();
    if let Some(size) = shadow.size() {
        options.push_str(&format!(",size={size}"));
    }
    let options = quote_field("volume-opt=o", &options);
    format!(
        "type=volume,{destination},volume-opt=type=tmpfs,volume-opt=device=tmpfs,{options},volume-nocopy"
    )
}

/// `volume-nocopy` keeps docker from filling the volume with the image's files at that path.
fn docker_volume(name: &str, destination: &str) -> String {
    let (source, destination) =
        (quote_field("source", name), quote_field("destination", destination));
    format!("type=volume,{source},{destination},volume-nocopy")
}

/// The fields of the `--mount` values as the engine parses them, for the properties.
#[cfg(any(test, fuzzing))]
pub(super) mod expected {
    use super::{Engine, Shadow};

    type Fields = Vec<(String, Option<String>)>;

    /// An empty string stands for a key without a value.
    pub(in crate::render) fn fields(pairs: &[(&str, &str)]) -> Fields {
        let value = |value: &str| (!value.is_empty()).then(|| value.to_owned());
        pairs.iter().map(|(key, text)| ((*key).to_owned(), value(text))).collect()
    }

    fn destination(shadow: &Shadow) -> (&str, &str) {
        ("destination", shadow.target().as_path().to_str().expect("refused otherwise"))
    }

    pub(in crate::render) fn shadow(engine: Engine, shadow: &Shadow) -> Fields {
        let size = shadow.size().map(|size| size.to_string());
        match engine {
            Engine::Podman => {
                let mut pairs = vec![("type", "tmpfs"), destination(shadow)];
                pairs.extend([("notmpcopyup", ""), ("U", ""), ("tmpfs-mode", "1777")]);
                pairs.extend(size.as_deref().map(|size| ("tmpfs-size", size)));
                fields(&pairs)
            }
            _ => {
                let size = size.map_or_else(String::new, |size| format!(",size={size}"));
                let options = format!("o=mode=1777,nosuid,nodev{size}");
                let mut pairs = vec![("type", "volume"), destination(shadow)];
                pairs.extend(["type=tmpfs", "device=tmpfs", &options].map(|o| ("volume-opt", o)));
                pairs.push(("volume-nocopy", ""));
                fields(&pairs)
            }
        }
    }

    pub(in crate::render) fn volume(engine: Engine, shadow: &Shadow, name: &str) -> Fields {
        let mut pairs = vec![("type", "volume"), ("source", name), destination(shadow)];
        pairs.extend((engine == Engine::Docker).then_some(("volume-nocopy", "")));
        fields(&pairs)
    }
}
