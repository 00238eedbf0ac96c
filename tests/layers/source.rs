//! The source files of `host/src`, and the paths that they name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The path of a module or of an item, without `crate`.
pub type ItemPath = Vec<String>;

/// A file without comments, and without the tests at its end.
pub struct Source {
    /// Relative to `host/src`.
    pub file: String,
    /// Where it is in the crate; empty for `lib.rs`.
    pub module: ItemPath,
    pub code: String,
}

impl Source {
    /// Every file.
    pub fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let (mut sources, mut dirs) = (Vec::new(), vec![root.clone()]);
        while let Some(dir) = dirs.pop() {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                let file = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                if path.is_dir() {
                    dirs.push(path);
                } else if let Some(module) = file.strip_suffix(".rs") {
                    let mut module: ItemPath = module.split('/').map(str::to_owned).collect();
                    module.retain(|name| name != "lib");
                    let code = code(&std::fs::read_to_string(path).unwrap());
                    sources.push(Self { file, module, code });
                }
            }
        }
        sources
    }

    /// Whether it exists only in tests and fuzzing.
    pub fn is_test(&self) -> bool {
        let names = ["tests", "properties", "testing"];
        self.module.iter().any(|name| names.contains(&name.as_str()))
    }

    /// The paths of this crate that it names, in `use` and elsewhere.
    pub fn paths(&self) -> BTreeSet<ItemPath> {
        let imported = imports(&self.code).into_iter().map(|(path, _)| path);
        imported.chain(written(&self.code)).filter_map(|path| self.resolve(&path)).collect()
    }

    /// What names that this module gives its children come from: the last segment of each path it
    /// imports from a child, with that child.
    pub fn reexports(&self, children: &BTreeSet<String>) -> BTreeMap<String, String> {
        let imports = imports(&self.code).into_iter().filter_map(|(path, name)| {
            let first = path.into_iter().find(|segment| segment != "self")?;
            children.contains(&first).then_some((name, first))
        });
        imports.collect()
    }

    fn resolve(&self, path: &[String]) -> Option<ItemPath> {
        let mut absolute = match path[0].as_str() {
            "crate" => Vec::new(),
            "paude" if self.file == "main.rs" => Vec::new(),
            "super" => self.module[..self.module.len() - 1].to_vec(),
            "self" => self.module.clone(),
            _ => return None,
        };
        absolute.extend(path[1..].iter().cloned());
        Some(absolute)
    }
}

/// A text without comments, and up to the tests at its end.
fn code(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    text.lines().filter(is_code).collect::<Vec<_>>().join("\n")
}

/// The path of each import, and the name it gets.
fn imports(code: &str) -> Vec<(ItemPath, String)> {
    let mut imports = Vec::new();
    let mut statement: Option<String> = None;
    for line in code.lines() {
        let line = line.trim();
        let starts = line.strip_prefix("pub").map_or(line, |rest| {
            rest.trim_start_matches(|c: char| c == '(' || c == ')' || c.is_ascii_lowercase()).trim()
        });
        if let Some(rest) = starts.strip_prefix("use ") {
            statement = Some(rest.to_owned());
        } else if let Some(statement) = &mut statement {
            statement.push_str(line);
        }
        if let Some(whole) = statement.take_if(|statement| statement.ends_with(';')) {
            expand(&[], whole.trim_end_matches(';'), &mut imports);
        }
    }
    imports
}

/// Takes a tree of imports apart.
fn expand(prefix: &[String], tree: &str, imports: &mut Vec<(ItemPath, String)>) {
    let mut path = prefix.to_vec();
    let mut rest = tree.trim();
    while let Some((segment, more)) = rest.split_once("::") {
        if segment.contains('{') {
            break;
        }
        path.push(segment.to_owned());
        rest = more;
    }
    if let Some(list) = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let (mut depth, mut start) = (0, 0);
        for (at, c) in list.char_indices().chain([(list.len(), ',')]) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    if !list[start..at].trim().is_empty() {
                        expand(&path, &list[start..at], imports);
                    }
                    start = at + 1;
                }
                _ => {}
            }
        }
        return;
    }
    let (segment, name) = rest.split_once(" as ").unwrap_or((rest, rest));
    path.push(segment.to_owned());
    imports.push((path, name.to_owned()));
}

/// The paths that begin with `crate`, `super` or `paude` outside of imports.
fn written(code: &str) -> Vec<ItemPath> {
    let mut paths = Vec::new();
    for root in ["crate", "super", "paude"] {
        for (at, _) in code.match_indices(&format!("{root}::")) {
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if code[..at].ends_with(|c| is_word(c) || c == ':' || c == '$') {
                continue;
            }
            let rest = &code[at..];
            let end = rest.find(|c| !is_word(c) && c != ':').unwrap_or(rest.len());
            let path = rest[..end].trim_end_matches(':');
            paths.push(path.split("::").map(str::to_owned).collect());
        }
    }
    paths
}
