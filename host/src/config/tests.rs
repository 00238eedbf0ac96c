//! A check that the schema, the documentation, the fuzz dictionary and the properties name every
//! key of the settings files.

use super::load::parse;
use super::properties::{GRANTS, KEYS, SAMPLES, settings};
use super::settings_file::{ProjectFile, UserFile, schema};

const FUZZ_DICTIONARY: &str = include_str!("../../../tests/fuzz/dict/config.dict");
const DOCUMENTATION: &str = include_str!("../../../docs/settings.md");

/// What a key is for.
#[derive(Debug, PartialEq, Eq)]
enum KeyKind {
    /// It sets what it names.
    Setting,
    /// It is another name for a key.
    Alias,
    /// It is accepted and ignored with a warning.
    Ignored,
    /// It is for editors.
    Schema,
}

/// The kind of a key, by what its sample sets.
fn key_kind(key: &str, sample: &str) -> KeyKind {
    let text = format!("{{{sample}}}");
    let (file, warnings) = parse::<UserFile>("config.json", Some(text.into())).unwrap();
    let settings = settings(&file);
    let set: Vec<_> = settings.as_object().unwrap().keys().collect();
    match (&set[..], warnings.is_empty()) {
        ([name], true) if *name == key => KeyKind::Setting,
        ([_], true) => KeyKind::Alias,
        ([], false) => KeyKind::Ignored,
        ([], true) if key == "$schema" => KeyKind::Schema,
        _ => panic!("`{key}` is missing in `config/properties.rs`, settings(): {set:?}"),
    }
}

#[test]
fn every_key_is_known_everywhere() {
    let schema = schema();
    let mut in_schema: Vec<_> =
        schema.get("properties").unwrap().as_object().unwrap().keys().cloned().collect();
    for key in KEYS.iter() {
        let sample = SAMPLES
            .iter()
            .find(|sample| sample.starts_with(&format!("\"{key}\": ")))
            .unwrap_or_else(|| panic!("`{key}` is missing in `config/properties.rs`, SAMPLES"));
        assert!(
            FUZZ_DICTIONARY.contains(&format!("\\\"{key}\\\":")),
            "`{key}` is missing in `tests/fuzz/dict/config.dict`"
        );
        let kind = key_kind(key, sample);
        let documented = match kind {
            KeyKind::Setting | KeyKind::Schema => {
                let row = format!("| `{key}` |");
                DOCUMENTATION.lines().any(|line| line.starts_with(&row))
            }
            KeyKind::Alias | KeyKind::Ignored => DOCUMENTATION.contains(&format!("`{key}`")),
        };
        assert!(documented, "`{key}` is missing in `docs/settings.md`");
        let text = format!("{{{sample}}}");
        let allowed = parse::<ProjectFile>("paude.json", Some(text.into())).is_ok();
        assert_eq!(allowed, !GRANTS.contains(&key.as_str()), "`{key}` in `paude.json`");
        if allowed && matches!(kind, KeyKind::Setting | KeyKind::Schema) {
            let at = in_schema.iter().position(|name| name == key);
            in_schema.remove(at.unwrap_or_else(|| panic!("`{key}` is missing in the schema")));
        }
    }
    assert_eq!(in_schema, [""; 0], "in the schema, but no setting of a project");
    assert_eq!(SAMPLES.len(), KEYS.len(), "each key has one sample");
}
