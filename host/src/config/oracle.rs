//! What a settings file means, against an independent reading of its JSON.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::file::{File, Origin, Person, Repository, schema};
use super::load::parse;
use super::selection;
use crate::value::{PolicyEntry, Venv};

/// Any bytes as a settings file: refused in words, or taken for what its JSON says. A
/// key that is not known is never passed over.
pub fn config(bytes: &[u8]) {
    of::<Repository>(bytes);
    of::<Person>(bytes);
}

/// Keys that no schema shows.
const HIDDEN: [&str; 8] =
    ["base", "engine", "engine_args", "user", "packages", "pip_install", "create", "build"];

fn of<O: Origin>(bytes: &[u8]) {
    let (file, warnings) = match parse::<O>("x", Some(bytes.to_vec())) {
        Ok(taken) => taken,
        Err(error) => {
            let said = error.to_string();
            assert!(said.starts_with("error: x:"), "{said}");
            return assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{said:?}");
        }
    };
    let meant = settings(&file);
    if let Some(venv) = file.venv.clone() {
        // Parses or is refused; either way nobody is hurt.
        let _ = selection(venv);
    }
    let again = parse::<O>("x", Some(meant.to_string().into_bytes()));
    let (again, _) = again.unwrap_or_else(|error| panic!("{meant} is not taken: {error}"));
    assert_eq!(settings(&again), meant);

    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let told: Map<String, Value> = match serde_json::from_slice(bytes) {
        Ok(told) => told,
        // Below keys that are ignored anything goes that is JSON at all.
        Err(error) => return assert!(!warnings.is_empty(), "taken, but not an object: {error}"),
    };
    assert_same(&told, &meant);
    assert_typing_errors_are_refused::<O>(&told);
    if !O::GRANTS {
        assert!(
            ["engine", "engine_args", "user"].iter().all(|key| !told.contains_key(*key)),
            "{told:?}"
        );
    }
}

/// The settings of a file as JSON.
fn settings<O>(file: &File<O>) -> Value {
    let mut all = json!({
        "venv": file.venv.as_ref().map(|venv| match venv {
            Venv::Auto => json!("auto"),
            Venv::None => json!("none"),
            Venv::Listed(list) => json!(list),
        }),
        "depth": file.depth.map(u32::from),
        "setup": file.setup,
        "image": file.image.as_ref().map(AsRef::as_ref),
        "env": file.env.as_ref().map(|env| {
            env.iter().map(|(name, value)| (name.as_ref().to_owned(), json!(value))).collect::<Map<_, _>>()
        }),
        "size": file.size.map(u64::from),
        "storage": file.storage.map(|storage| format!("{storage:?}").to_lowercase()),
        "policy": file.policy.as_ref().map(|policies| {
            policies.0.iter().map(policy).collect::<Vec<_>>()
        }),
        "engine": file.engine.0.map(|engine| format!("{engine:?}").to_lowercase()),
        "engine_args": file.engine_args.0,
        "user": file.user.0,
    });
    all.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    all
}

fn policy(entry: &PolicyEntry) -> Value {
    match entry.sha256 {
        Some(sha256) => json!({ "path": entry.path, "sha256": sha256.to_string() }),
        None => json!(entry.path),
    }
}

/// Each key of the file is a setting, unchanged but for a size in words.
fn assert_same(told: &Map<String, Value>, meant: &Value) {
    for (key, value) in told.iter().filter(|(_, value)| !value.is_null()) {
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
            "policy" => {
                let listed = if value.is_array() { value.clone() } else { json!([value]) };
                let spelt = |list: &Value| list.to_string().to_lowercase();
                assert_eq!(spelt(&meant[key]), spelt(&listed));
            }
            "$schema" | "packages" | "pip_install" | "create" | "build" => {}
            _ => assert_eq!(meant[key], *value, "{key}"),
        }
    }
}

fn assert_typing_errors_are_refused<O: Origin>(told: &Map<String, Value>) {
    static SCHEMA: LazyLock<schemars::Schema> = LazyLock::new(schema);
    let known = SCHEMA.get("properties").and_then(Value::as_object).expect("an object");
    for key in told.keys() {
        let mut swapped: Vec<char> = key.chars().collect();
        swapped.swap(0, 1);
        let typed = [
            key[1..].to_owned(),
            format!("{key}s"),
            key.to_uppercase(),
            swapped.into_iter().collect(),
        ];
        for wrong in typed {
            if known.contains_key(&wrong) || HIDDEN.contains(&wrong.as_str()) {
                continue;
            }
            let mut spoiled = told.clone();
            let value = spoiled.remove(key).expect("it is there");
            spoiled.insert(wrong.clone(), value);
            let text = Value::Object(spoiled).to_string();
            let Err(error) = parse::<O>("x", Some(text.into_bytes())) else {
                panic!("`{wrong}` is passed over")
            };
            assert!(error.to_string().contains(&format!("unknown key `{wrong}`")), "{error}");
        }
    }
}
