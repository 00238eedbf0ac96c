//! `mounts`: a volume or a tmpfs on a directory of the project is what paude hides that directory
//! with; any other mount is left out.

use serde_json::Value;

use super::variables::Variables;
use crate::error::Result;
use crate::escape::brief;
use crate::path::RelPath;
use crate::value::Storage;

/// What the mounts say about the directories of the project.
#[derive(Debug, Default)]
pub(super) struct Mounts {
    /// The directories to hide, in the order of the file, none within another.
    pub(super) hidden: Vec<RelPath>,
    /// `volume` if one of them is a volume.
    pub(super) storage: Option<Storage>,
    pub(super) warnings: Vec<String>,
}

/// The fields of a mount that matter.
#[derive(Default)]
struct Fields {
    kind: Option<String>,
    source: Option<String>,
    target: Option<String>,
}

impl Mounts {
    /// Reads each mount; `folder` is the path at which the file expects the project, besides the
    /// default one.
    pub(super) fn new(
        mounts: &[Value],
        folder: Option<&str>,
        variables: &mut Variables,
    ) -> Result<Self> {
        let mut all = Self::default();
        for mount in mounts {
            let fields = Fields::read(mount, variables)?;
            all.add(&fields, folder, variables);
        }
        Ok(all)
    }

    fn add(&mut self, fields: &Fields, folder: Option<&str>, variables: &Variables) {
        let target = fields.target.as_deref().unwrap_or_default();
        let kind = fields.kind.as_deref().unwrap_or("volume");
        let shown = brief(target);
        if !["volume", "tmpfs"].contains(&kind) {
            let source = brief(fields.source.as_deref().unwrap_or_default());
            self.warnings.push(format!(
                "`mounts`: `{source}` of the host is not mounted at `{shown}`; \
                 `--engine-arg=--volume=HOST:CONTAINER` does it"
            ));
            return;
        }
        match below_project(target, folder, variables) {
            Some(path) => {
                if kind == "volume" {
                    self.storage = Some(Storage::Volume);
                }
                if !self.hidden.iter().any(|other| path.is_within(other)) {
                    self.hidden.retain(|other| !other.is_within(&path));
                    self.hidden.push(path);
                }
            }
            None => self.warnings.push(format!(
                "`mounts`: nothing is mounted at `{shown}`, which is not a directory in the \
                 project; `--engine-arg=--mount=..` does it"
            )),
        }
    }
}

impl Fields {
    /// Reads the form of an object, or that of `docker run --mount`.
    fn read(mount: &Value, variables: &mut Variables) -> Result<Self> {
        let mut fields = Self::default();
        match mount {
            Value::Object(object) => {
                for (key, value) in object {
                    fields.set(key, value.as_str().unwrap_or_default(), variables)?;
                }
            }
            Value::String(text) => {
                for field in text.split(',') {
                    let (key, value) = field.split_once('=').unwrap_or((field, ""));
                    fields.set(key.trim(), value, variables)?;
                }
            }
            _ => {}
        }
        Ok(fields)
    }

    fn set(&mut self, key: &str, value: &str, variables: &mut Variables) -> Result<()> {
        let field = match key {
            "type" => &mut self.kind,
            // It is only shown, so that a variable is better left as it is.
            "source" | "src" => {
                self.source = Some(value.to_owned());
                return Ok(());
            }
            "target" | "destination" | "dst" => &mut self.target,
            _ => return Ok(()),
        };
        *field = Some(variables.substitute(value, "mounts")?.script());
        Ok(())
    }
}

/// The directory of the project at a path of the container, if it is one: below the project's
/// own path, below the one that the file expects, or below the specification's default.
fn below_project(target: &str, folder: Option<&str>, variables: &Variables) -> Option<RelPath> {
    let default = format!("/workspaces/{}", variables.basename());
    let bases = [Some(variables.workspace()), folder, Some(default.as_str())];
    bases.into_iter().flatten().find_map(|base| {
        let rest = target.strip_prefix(base.trim_end_matches('/'))?.strip_prefix('/')?;
        RelPath::from_user_input(rest).ok()
    })
}
