//! The properties with inputs from proptest, and with those that fuzzing found.

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{config, plan_check, render};
use crate::config::properties::SAMPLES;

/// The number of inputs, which differ from run to run: a failure prints its input.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn parsers_read_back_what_was_rendered(bytes in vec(any::<u8>(), 0..400)) {
        render(&bytes);
    }
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn an_accepted_plan_hides_what_was_asked_for(bytes in vec(any::<u8>(), 0..200)) {
        plan_check(&bytes);
    }

    #[test]
    fn any_bytes_are_a_config_or_rejected(bytes in vec(any::<u8>(), 0..100)) {
        config(&bytes);
    }

    #[test]
    fn a_config_has_the_meaning_of_its_json(
        text in settings(),
        (index, byte) in any::<(prop::sample::Index, Option<u8>)>(),
    ) {
        config(text.as_bytes());
        let mut bytes = text.into_bytes();
        let index = index.index(bytes.len());
        bytes[index] = byte.unwrap_or(bytes[index]);
        config(&bytes);
    }
}

/// A JSON object of valid settings, an object of likely keys and values, or an array.
fn settings() -> impl Strategy<Value = String> {
    let strings = string();
    let scalars = scalar(strings.clone());
    let arrays = vec(scalars.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(",")));
    let maps = object("[A-Z_=]{0,3}".boxed(), strings);
    let values = prop_oneof![4 => scalars, 2 => arrays.clone(), 2 => maps];
    let valid = prop::sample::subsequence(SAMPLES.to_vec(), 0..6)
        .prop_map(|members| format!("{{{}}}", members.join(", ")));
    prop_oneof![4 => valid, 4 => object(key(), values.boxed()), 1 => arrays]
}

/// A key of the settings, or rarely any other.
fn key() -> BoxedStrategy<String> {
    let known = SAMPLES.map(|sample| sample.split('"').nth(1).expect("a quoted key").to_owned());
    prop_oneof![9 => prop::sample::select(known.to_vec()), 1 => "\\PC{0,6}"].boxed()
}

/// A JSON string that is valid for some setting, or any other.
fn string() -> BoxedStrategy<String> {
    let likely = prop::sample::select(vec![
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
    ]);
    prop_oneof![likely.prop_map(str::to_owned), "\\PC{0,6}", any::<String>()]
        .prop_map(|text| serde_json::Value::from(text).to_string())
        .boxed()
}

/// A JSON value but an array or an object.
fn scalar(strings: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let other = vec!["null", "true", "-1", "1e999", "18446744073709551616"];
    prop_oneof![
        4 => strings,
        2 => any::<u16>().prop_map(|n| n.to_string()),
        1 => prop::sample::select(other).prop_map(str::to_owned),
    ]
    .boxed()
}

/// A JSON object, whose keys may repeat.
fn object(keys: BoxedStrategy<String>, values: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let members = vec((keys, values), 0..5);
    members
        .prop_map(|members| {
            let members: Vec<_> = members
                .into_iter()
                .map(|(key, value)| format!("{}: {value}", serde_json::Value::from(key)))
                .collect();
            format!("{{{}}}", members.join(", "))
        })
        .boxed()
}

/// Each file in `tests/fuzz/cases/TARGET/` is an input with which the target once failed.
#[test]
fn inputs_that_fuzzing_found_stay_fixed() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/cases");
    let run_cases = |name: &str, target: fn(&[u8])| {
        for file in cases.join(name).read_dir().into_iter().flatten() {
            #[expect(clippy::disallowed_methods, reason = "reads its own cases")]
            target(&std::fs::read(file.unwrap().path()).unwrap());
        }
    };
    run_cases("config", config);
    run_cases("plan_check", plan_check);
    run_cases("render", render);
}
