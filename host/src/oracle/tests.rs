//! The properties under proptest, and what fuzzing once found.

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{config, plan_check, render};

/// So many inputs, new ones each time; what breaks is printed.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn engines_read_back_what_was_rendered(bytes in vec(any::<u8>(), 0..400)) {
        render(&bytes);
    }
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn a_checked_plan_keeps_its_promises(bytes in vec(any::<u8>(), 0..200)) {
        plan_check(&bytes);
    }

    #[test]
    fn any_bytes_are_a_config_or_refused(bytes in vec(any::<u8>(), 0..100)) {
        config(&bytes);
    }

    #[test]
    fn a_config_means_what_its_json_says(text in json(), (at, byte) in any::<(prop::sample::Index, Option<u8>)>()) {
        config(text.as_bytes());
        // And with one byte of it changed.
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte.unwrap_or(bytes[at]);
        config(&bytes);
    }
}

/// Settings as they should be.
const GOOD: [&str; 15] = [
    r#""venv": ["a,b", "c:d", "../x", ""]"#,
    r#""depth": 0"#,
    r#""setup": "pip install -e .\r\n""#,
    r#""image": "docker.io/library/python:3-slim""#,
    r#""env": {"A": "1", "_b2": "\u202e"}"#,
    r#""size": "2G""#,
    r#""policy": "tools/policy.wasm""#,
    r#""$schema": "x""#,
    r#""packages": [{"deep": [1e999]}]"#,
    r#""create": null"#,
    r#""build": 0"#,
    r#""pip_install": false"#,
    r#""engine": "native""#,
    r#""engine_args": ["--network=none"]"#,
    r#""user": "1000""#,
];

/// Texts that are nearly settings.
fn json() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        9 => prop::sample::select(vec![
            "$schema", "venv", "depth", "setup", "image", "base", "env", "size", "policy", "engine", "engine_args",
            "user", "packages", "create",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ];
    let word = prop_oneof![
        prop::sample::select(vec![
            "auto",
            "none",
            "podman",
            "native",
            "debian:12",
            ".venv",
            "../x",
            "A",
            "4k",
            "2G",
            "99999999t",
            "",
            "1000:1000",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,6}",
        any::<String>(),
    ];
    let text = word.prop_map(|word| serde_json::Value::from(word).to_string());
    let leaf = prop_oneof![
        4 => text.clone(),
        2 => any::<u16>().prop_map(|n| n.to_string()),
        1 => prop::sample::select(vec!["null", "true", "-1", "1e999", "18446744073709551616"]).prop_map(str::to_owned),
    ];
    let list = vec(leaf.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(",")));
    let pairs = |key: BoxedStrategy<String>, value: BoxedStrategy<String>| {
        vec((key, value), 0..5).prop_map(|pairs| {
            let pairs: Vec<_> = pairs
                .into_iter()
                .map(|(key, value)| format!("{}: {value}", serde_json::Value::from(key)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        })
    };
    let map = pairs("[A-Z_=]{0,3}".boxed(), text.boxed());
    let value = prop_oneof![4 => leaf, 2 => list.clone(), 2 => map];
    let good = prop::sample::subsequence(GOOD.to_vec(), 0..6)
        .prop_map(|pairs| format!("{{{}}}", pairs.join(", ")));
    prop_oneof![4 => good, 4 => pairs(key.boxed(), value.boxed()), 1 => list]
}

/// A file of `tests/fuzz/cases/TARGET/` is an input that once broke the target.
#[test]
fn what_fuzzing_found_stays_mended() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/cases");
    let play = |name: &str, target: fn(&[u8])| {
        for file in cases.join(name).read_dir().into_iter().flatten() {
            #[expect(clippy::disallowed_methods, reason = "reads its own cases")]
            target(&std::fs::read(file.unwrap().path()).unwrap());
        }
    };
    play("config", config);
    play("plan_check", plan_check);
    play("render", render);
}
