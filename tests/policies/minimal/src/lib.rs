//! Hides `target`, where cargo puts what it built for this machine.

use std::path::Path;

use exports::paude::isolation::detection::Guest;
use paude::isolation::types::{Finding, Findings, Kind, Note, Query, Refusal, Selection, Severity};

wit_bindgen::generate!({ path: "wit", world: "detector" });

#[cfg(target_family = "wasm")]
export!(Policy);

struct Policy;

impl Guest for Policy {
    fn detect(query: Query) -> Result<Findings, Refusal> {
        let root = Path::new(&query.root);
        let (mut environments, mut notes) = (Vec::new(), Vec::new());
        match query.selection {
            Selection::Auto if !root.join("Cargo.toml").is_file() => {}
            Selection::Auto if root.join("target").is_symlink() => notes.push(Note {
                severity: Severity::Warning,
                path: Some("target".to_owned()),
                message: "is a link and is not hidden".to_owned(),
            }),
            Selection::Auto => {
                let built = Kind::Other("cargo-target".to_owned());
                environments.push(finding(root, "target", built, "beside Cargo.toml"));
            }
            Selection::Off => {}
            Selection::Listed(paths) => {
                let listed = |path: &String| finding(root, path, Kind::Unmarked, "listed");
                environments.extend(paths.iter().map(listed));
            }
        }
        environments.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Findings { environments, notes })
    }
}

/// A directory to hide, which need not exist yet.
fn finding(root: &Path, path: &str, kind: Kind, reason: &str) -> Finding {
    Finding {
        path: path.to_owned(),
        kind: if root.join(path).is_dir() { kind } else { Kind::Reserved },
        python: None,
        home: None,
        link: None,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in this very project.
    fn found(selection: Selection) -> Vec<String> {
        let root = env!("CARGO_MANIFEST_DIR").to_owned();
        let findings = Policy::detect(Query { root, selection, depth: 3 }).unwrap();
        findings.environments.into_iter().map(|finding| finding.path).collect()
    }

    #[test]
    fn target_is_found_beside_cargo_toml() {
        assert_eq!(found(Selection::Auto), ["target"]);
    }

    #[test]
    fn what_is_listed_is_found_sorted() {
        let listed = ["src", "new"].map(str::to_owned).to_vec();
        assert_eq!(found(Selection::Listed(listed)), ["new", "src"]);
        assert!(found(Selection::Off).is_empty());
    }
}
