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
        // Empty unless the selection is `auto`.
        let mut listed = query.also;
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
            Selection::Listed(paths) => listed = paths,
        }
        let unmarked = |path: &String| finding(root, path, Kind::Unmarked, "listed");
        environments.extend(listed.iter().map(unmarked));
        environments.retain(|found| {
            let is_open = |open: &String| Path::new(&found.path).starts_with(open);
            !query.except.iter().any(is_open)
        });
        environments.sort_by(|one, other| one.path.cmp(&other.path));
        environments.dedup_by(|later, first| later.path == first.path);
        Ok(Findings { environments, primary: None, notes })
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
    fn found(selection: Selection, also: &[&str], except: &[&str]) -> Vec<String> {
        let root = env!("CARGO_MANIFEST_DIR").to_owned();
        let (also, except, skip) = (owned(also), owned(except), Vec::new());
        let query = Query { root, selection, also, except, depth: None, skip };
        let findings = Policy::detect(query).unwrap();
        findings.environments.into_iter().map(|finding| finding.path).collect()
    }

    fn owned(paths: &[&str]) -> Vec<String> {
        paths.iter().map(|&path| path.to_owned()).collect()
    }

    #[test]
    fn target_is_found_beside_cargo_toml() {
        assert_eq!(found(Selection::Auto, &[], &[]), ["target"]);
    }

    #[test]
    fn directories_are_added_and_excepted() {
        assert_eq!(found(Selection::Auto, &["target", "new"], &[]), ["new", "target"]);
        assert!(found(Selection::Auto, &[], &["target"]).is_empty());
    }

    #[test]
    fn what_is_listed_is_found_sorted() {
        assert_eq!(found(Selection::Listed(owned(&["src", "new"])), &[], &[]), ["new", "src"]);
        assert!(found(Selection::Off, &[], &[]).is_empty());
    }
}
