//! `docs/devcontainers.md` names each key for what becomes of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::pages::{code, first_column, table, tables};
use crate::support::Env;
use crate::trials;

/// The warnings about a devcontainer.json with one key.
fn warnings(key: &str, value: &Value) -> String {
    let env = Env::new();
    let file = match key.split_once('.') {
        Some((outer, inner)) => json!({ "image": "x", outer: { inner: value } }),
        None => json!({ "image": "x", key: value }),
    };
    env.write(".devcontainer.json", &file.to_string());
    env.paude(&["plan", "--devcontainer"]).code(0).stderr()
}

trials!(
    fn every_key_that_is_left_out_has_a_warning() -> Outcome {
        for key in table("| left out | instead |").iter().flat_map(|row| code(&row[0])) {
            let value = match key.as_str() {
                "features" => json!({"a": {}}),
                "mounts" => json!(["type=bind,source=/a,target=/b"]),
                _ => json!("/x"),
            };
            let said = warnings(&key, &value);
            let name = format!("warning: .devcontainer.json: `{key}`");
            assert_eq!(said.matches(&name).count(), 1, "{key}: {said}");
        }
        Ok(())
    },
    fn every_key_that_is_taken_has_none() -> Outcome {
        for key in table("| key | becomes | how |").iter().flat_map(|row| code(&row[0])) {
            let value = match key.as_str() {
                "build" => json!({"dockerfile": "x"}),
                "containerEnv" | "remoteEnv" => json!({"A": "b"}),
                "mounts" => json!(["type=volume,target=${containerWorkspaceFolder}/x"]),
                _ => json!("x"),
            };
            assert_eq!(warnings(&key, &value), "", "{key}");
        }
        Ok(())
    },
    fn every_variable_is_replaced() -> Outcome {
        for text in table("| variable | value |").iter().flat_map(|row| code(&row[0])) {
            let env = Env::new();
            let file = json!({ "containerEnv": { "A": text } });
            env.write(".devcontainer.json", &file.to_string());
            let args = ["--dry-run", "--engine", "podman", "--devcontainer"];
            let said = env.paude(&args).code(0).stdout();
            assert!(!said.contains("${local") && !said.contains(&text), "{text}: {said}");
        }
        Ok(())
    },
    fn the_table_of_tools_has_their_order() -> Outcome {
        let rows = table("| file | tool | creates |");
        let files: Vec<_> = rows.iter().flat_map(|row| code(&row[0])).collect();
        let said = Env::new().paude(&["init"]).code(0).stdout();
        let list = format!("there is none of {}: no setup\n", files.join(", "));
        assert!(said.contains(&list), "{said}");
        Ok(())
    },
    fn keys_of_the_original_are_named_once() -> Outcome {
        let keys = first_column("| key of the original | today |");
        let known = ["base", "venv", "packages", "pip_install", "create", "build", "secretEnv"];
        assert_eq!(keys, BTreeSet::from(known.map(str::to_owned)));
        assert_eq!(tables("| key of the original | today |").len(), 1);
        Ok(())
    }
);
