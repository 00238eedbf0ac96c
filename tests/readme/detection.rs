//! The tables of what is found say what the built-in policy does.

use std::collections::BTreeSet;

use serde_json::Value;

use super::pages::{code, table};
use super::plan;
use crate::support::Env;
use crate::trials;

/// The names that the built-in policy gives a meaning.
const NAMES: &str = include_str!("../../guest/src/detect/names.rs");

/// The path, kind and reason of each directory that is hidden in a project with this in it.
fn hidden(tree: &str) -> Vec<[String; 3]> {
    let plan = plan(&Env::with(tree), &[]);
    let word = |shadow: &Value, key: &str| shadow[key].as_str().unwrap().to_owned();
    let shadows = plan["shadows"].as_array().unwrap().iter();
    shadows.map(|shadow| ["path", "kind", "reason"].map(|key| word(shadow, key))).collect()
}

trials!(
    fn every_marker_makes_an_environment() -> Outcome {
        for row in table("| a directory that holds | kind | reason | made by |") {
            let paths = code(&row[0]).into_iter().map(|path| format!("place/{path}"));
            let tree = paths.collect::<Vec<_>>().join("\n");
            let [kind, reason] = [1, 2].map(|at: usize| code(&row[at]).swap_remove(0));
            assert_eq!(hidden(&tree), [["place".to_owned(), kind, reason]], "{tree}");
        }
        assert_eq!(hidden("a/.venv/"), [["a/.venv", "unmarked", ".venv"].map(str::to_owned)]);
        Ok(())
    },
    fn every_directory_of_a_tool_is_hidden_whole() -> Outcome {
        let rows = table("| directory | kind | tool |");
        for row in &rows {
            let [path, kind] = [0, 1].map(|at: usize| code(&row[at]).swap_remove(0));
            let found = hidden(&format!("{path}/x/pyvenv.cfg"));
            assert_eq!(found, [[path, kind, "by its name".to_owned()]]);
        }
        assert_eq!(rows.len(), NAMES.matches("Role::ToolDir(\"").count());
        Ok(())
    },
    fn what_is_never_searched_is_named() -> Outcome {
        let rows = table("| never searched | because |");
        let named: BTreeSet<_> = rows.iter().flat_map(|row| code(&row[0])).collect();
        for name in &named {
            assert_eq!(hidden(&format!("{name}/x/pyvenv.cfg")), [[""; 3]; 0], "{name}");
        }
        let line = NAMES.lines().find(|line| line.contains("=> Role::Skipped")).unwrap();
        let skipped = line.split('"').skip(1).step_by(2).map(str::to_owned);
        assert_eq!(named, skipped.collect());
        Ok(())
    }
);
