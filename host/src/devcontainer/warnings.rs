//! What the file asks for and does not get, with the way to get it.

use serde_json::Value;

use super::document::DevcontainerFile;
use crate::escape::brief;

/// The most names that a warning lists.
const MAX_NAMES: usize = 10;

/// A key that is left out, and the sentence about it.
pub(super) type KeyWarning = (&'static str, String);

/// A warning for each key that is left out; not for those that only editors or clouds read.
pub(super) fn left_out(
    document: &DevcontainerFile,
    workspace: &str,
    folder: Option<&str>,
) -> Vec<KeyWarning> {
    let mut all = Vec::new();
    let mut warn = |key, asked: bool, text: &str| {
        if asked {
            all.push((key, format!("`{key}` {text}")));
        }
    };
    let user =
        "is not used: paude runs as a user whose files are yours; `--user UID:GID` is another";
    let network = "publishes nothing; `--engine-arg=--publish=PORT:PORT` does";
    warn(
        "initializeCommand",
        is_asked(&document.initialize_command),
        "is not run, because it would run on the host; run it yourself if you trust it",
    );
    warn(
        "features",
        document.features.as_ref().is_some_and(|features| !features.is_empty()),
        &format!(
            "are not installed ({}); `devcontainer build --workspace-folder . --image-name NAME` \
             makes an image with them, then `--image NAME`",
            feature_names(document)
        ),
    );
    warn(
        "runArgs",
        is_asked(&document.run_args),
        "is not used; `--engine-arg ARG` gives an argument to the engine",
    );
    warn(
        "privileged",
        is_asked(&document.privileged),
        "is not used; `--engine-arg=--privileged` does it",
    );
    warn(
        "capAdd",
        is_asked(&document.cap_add),
        "is not used; `--engine-arg=--cap-add=NAME` does it",
    );
    warn(
        "securityOpt",
        is_asked(&document.security_opt),
        "is not used; `--engine-arg=--security-opt=OPTION` does it",
    );
    warn("remoteUser", is_asked(&document.remote_user), user);
    warn("containerUser", is_asked(&document.container_user), user);
    warn(
        "workspaceMount",
        is_asked(&document.workspace_mount),
        "is not used: the project is at the same path as on the host",
    );
    warn(
        "workspaceFolder",
        folder.is_some_and(|folder| folder.trim_end_matches('/') != workspace),
        "is not used: the project is at the same path as on the host",
    );
    warn("forwardPorts", is_asked(&document.forward_ports), network);
    warn("appPort", is_asked(&document.app_port), network);
    let start = "is not run; add it to `setup`, or run it as the command";
    warn("postStartCommand", is_asked(&document.post_start_command), start);
    warn("postAttachCommand", is_asked(&document.post_attach_command), start);
    warn(
        "build.options",
        document.build.as_ref().is_some_and(|build| is_asked(&build.options)),
        "is not used; give it to a build of your own, then `--image NAME`",
    );
    all
}

/// Whether a value asks for anything.
pub(super) fn is_asked(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

fn feature_names(document: &DevcontainerFile) -> String {
    let names: Vec<_> = document.features.iter().flat_map(|map| map.keys()).collect();
    let mut list: Vec<_> = names.iter().take(MAX_NAMES).map(|name| brief(name)).collect();
    if names.len() > MAX_NAMES {
        list.push(format!("{} more", names.len() - MAX_NAMES));
    }
    list.join(", ")
}
