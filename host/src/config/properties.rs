//! The property of settings files: a file means what its JSON says, or is refused.

use std::sync::LazyLock;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::load::{parse, split_unknown_field};
use super::selection;
use super::settings_file::{Origin, ProjectFile, SettingsFile, UserFile};
use crate::value::{DevcontainerChoice, Network, PolicyEntry, StorageChoice, UserIds, Venv};

/// A valid value of each key, as `"KEY": VALUE`.
#[cfg(test)]
pub(crate) const SAMPLES: [&str; 26] = [
    r#""$schema": "x""#,
    r#""venv": ["a,b", "c:d", "../x", ""]"#,
    r#""depth": 0"#,
    r#""skip": ["node_modules", "a/b"]"#,
    r#""setup": "pip install -e .\r\n""#,
    r#""image": "docker.io/library/python:3-slim""#,
    r#""base": "debian:12""#,
    r#""env": {"A": "1", "_b2": "\u202e"}"#,
    r#""size": "2G""#,
    r#""storage": {"default": "tmpfs", "node": "volume"}"#,
    r#""devcontainer": "a/devcontainer.json""#,
    r#""cache": true"#,
    r#""policy": "tools/policy.wasm""#,
    r#""engine": "native""#,
    r#""engine_args": ["--network=none"]"#,
    r#""user": "1000""#,
    r#""policy_timeout": 9"#,
    r#""builds": "never""#,
    r#""packages": ["git", "libpq-dev=15"]"#,
    r#""build": {"dockerfile": "x/Dockerfile", "context": ".", "args": {"A": "\u202e"}}"#,
    r#""pip_install": [{"deep": [1e999]}]"#,
    r#""create": null"#,
    r#""secretEnv": {}"#,
    r#""network": "none""#,
    r#""with": ["../shared:ro"]"#,
    r#""with_git": true"#,
];

/// The keys that only the user's file may have.
pub(super) const GRANTS: [&str; 7] =
    ["engine", "engine_args", "user", "policy_timeout", "with", "with_git", "builds"];

/// Every key that [`SettingsFile`] reads, as serde lists them.
pub(super) static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let error = serde_json::from_str::<SettingsFile<UserFile>>("{\"\": 0}").unwrap_err();
    let error = error.to_string();
    let (_, known) = split_unknown_field(&error).expect("no key is the empty string");
    known.into_iter().map(str::to_owned).collect()
});

/// Any bytes as a settings file are refused with an error, or taken for what their JSON says. An
/// unknown key is an error.
pub fn config(bytes: &[u8]) {
    check_as::<ProjectFile>(bytes);
    check_as::<UserFile>(bytes);
}

fn check_as<O: Origin>(bytes: &[u8]) {
    let (file, warnings) = match parse::<O>("x", Some(bytes.to_vec())) {
        Ok(parsed) => parsed,
        Err(error) => {
            let report = error.report();
            assert!(report.starts_with("error: x:"), "{report}");
            return assert!(!report.chars().any(|c| c.is_control() && c != '\n'), "{report:?}");
        }
    };
    let meant = settings(&file);
    if let Some(venv) = file.venv.clone() {
        // Only a panic would be a fault: either result is right for some input.
        let _ = selection::parse(venv);
    }
    let again = parse::<O>("x", Some(meant.to_string().into_bytes()));
    let (again, _) = again.unwrap_or_else(|error| panic!("{meant} is refused: {error}"));
    assert_eq!(settings(&again), meant);

    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let json: Map<String, Value> = match serde_json::from_slice(bytes) {
        Ok(json) => json,
        // The value of an ignored key may be any JSON, also numbers that `Value` cannot hold.
        Err(error) => return assert!(!warnings.is_empty(), "accepted, but no object: {error}"),
    };
    assert_same(&json, &meant);
    assert_misspelt_keys_are_refused::<O>(&json);
    if !O::MAY_GRANT {
        assert!(GRANTS.iter().all(|key| !json.contains_key(*key)), "{json:?}");
    }
}

/// The settings of a file as the JSON that would set them.
pub(super) fn settings<O>(file: &SettingsFile<O>) -> Value {
    let policies = file.policy.as_ref().map(|policies| &policies.0);
    let mut all = json!({
        "venv": file.venv.as_ref().map(|venv| match venv {
            Venv::Auto => json!("auto"),
            Venv::None => json!("none"),
            Venv::Listed(entries) => json!(entries),
        }),
        "depth": file.depth.map(u32::from),
        "skip": file.skip,
        "setup": file.setup,
        "image": file.image.as_ref().map(AsRef::as_ref),
        "env": file.env.as_ref().map(|env| {
            let pairs = env.iter().map(|(name, value)| (name.as_ref().to_owned(), json!(value)));
            pairs.collect::<Map<_, _>>()
        }),
        "size": file.size.map(u64::from),
        "storage": file.storage.map(storage),
        "devcontainer": file.devcontainer.as_ref().map(|choice| match choice {
            DevcontainerChoice::Off => json!(false),
            DevcontainerChoice::Search => json!(true),
            DevcontainerChoice::File(path) => json!(path),
        }),
        "cache": file.cache,
        "policy": policies.map(|policies| policies.iter().map(policy).collect::<Vec<_>>()),
        "network": file.network.map(Network::name),
        "with": file.with.0,
        "with_git": file.with_git.0,
        "build": file.build,
        "packages": file.packages,
        "builds": file.builds.0,
        "engine": file.engine.0.map(|engine| engine.name()),
        "engine_args": file.engine_args.0,
        "user": file.user.0.map(|ids| ids.to_string()),
        "policy_timeout": file.policy_timeout.0.map(|time| Duration::from(time).as_secs()),
    });
    all.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    all
}

fn storage(choice: StorageChoice) -> Value {
    let StorageChoice { default, python, node, rust } = choice;
    let all = StorageChoice::KEYS.into_iter().zip([default, python, node, rust]);
    let set = all.filter_map(|(key, storage)| {
        Some((key.to_owned(), json!(format!("{:?}", storage?).to_lowercase())))
    });
    Value::Object(set.collect())
}

fn policy(entry: &PolicyEntry) -> Value {
    match entry {
        PolicyEntry::File(path, Some(sha256)) => json!({ "path": path, "sha256": sha256 }),
        PolicyEntry::File(path, None) => json!(path),
        PolicyEntry::Stored(reference, sha256) => json!({ "oci": reference, "sha256": sha256 }),
    }
}

/// Asserts that each key of the JSON is a setting with the same value, which a string may spell
/// differently.
fn assert_same(json: &Map<String, Value>, meant: &Value) {
    for (key, value) in json.iter().filter(|(_, value)| !value.is_null()) {
        match key.as_str() {
            "base" => assert_eq!(meant["image"], *value),
            "size" if value.is_string() => {
                let text = value.as_str().unwrap_or_default();
                let unit =
                    "kmgt".find(|c| text.to_ascii_lowercase().ends_with(c)).map_or(0, |n| n + 1);
                let digits = &text[..text.len() - usize::from(unit > 0)];
                let bytes = digits.parse::<u64>().expect("digits")
                    * 1024_u64.pow(u32::try_from(unit).expect("0 to 4"));
                assert_eq!(meant["size"], bytes, "{text}");
            }
            "user" => {
                let text = value.as_str().unwrap_or_default();
                let (uid, gid) = text.split_once(':').unwrap_or((text, text));
                let [uid, gid] = [uid, gid].map(|id| id.parse().expect("a number"));
                assert_eq!(meant["user"], UserIds { uid, gid }.to_string(), "{text}");
            }
            "policy" => {
                let array = if value.is_array() { value.clone() } else { json!([value]) };
                let lowercase = |array: &Value| array.to_string().to_lowercase();
                assert_eq!(lowercase(&meant[key]), lowercase(&array));
            }
            "build" | "storage" => {
                let mut given = match value.is_string() {
                    true => json!({ "default": value }),
                    false => value.clone(),
                };
                given.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
                assert_eq!(meant[key], given);
            }
            "$schema" | "pip_install" | "create" | "secretEnv" => {}
            _ => assert_eq!(meant[key], *value, "{key}"),
        }
    }
}

fn assert_misspelt_keys_are_refused<O: Origin>(json: &Map<String, Value>) {
    for key in json.keys() {
        let mut swapped: Vec<char> = key.chars().collect();
        swapped.swap(0, 1);
        let misspelt = [
            key[1..].to_owned(),
            format!("{key}s"),
            key.to_uppercase(),
            swapped.into_iter().collect(),
        ];
        for wrong in misspelt {
            if KEYS.contains(&wrong) {
                continue;
            }
            let mut changed = json.clone();
            let value = changed.remove(key).expect("a key of the object");
            changed.insert(wrong.clone(), value);
            let text = Value::Object(changed).to_string();
            let Err(error) = parse::<O>("x", Some(text.into_bytes())) else {
                panic!("`{wrong}` is accepted")
            };
            assert!(error.report().contains(&format!("unknown key `{wrong}`")), "{error}");
        }
    }
}
