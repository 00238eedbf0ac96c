//! Which module of `host/src` may import which. `docs/architecture.md` draws the layers.

mod source;

use std::collections::{BTreeMap, BTreeSet};

use crate::trials;
use source::{ItemPath, Source};

/// A module, and those of ours that it may use. A module that is not listed fails the test.
const MAY_USE: &[(&str, &str)] = &[
    ("main", "cli commands error execute"),
    (
        "commands",
        "cli config devcontainer doctor engine error escape execute export git_directory image init \
         json_line path plan policy policy_store receipt registry render run_spec session value verify \
         volume workspace",
    ),
    ("properties", "config plan render"),
    (
        "export",
        "cli engine error escape json_line path plan render run_spec testing value whole_file \
         workspace",
    ),
    ("doctor", "devcontainer engine error escape execute json_line plan run_spec value"),
    (
        "volume",
        "engine error escape execute home path plan record_store run_spec session value workspace",
    ),
    (
        "image",
        "bounded_read config deadline engine error escape execute home path plan record_store run_spec \
         session unsafe_calls value workspace",
    ),
    ("verify", "engine error escape execute json_line path plan receipt"),
    (
        "session",
        "deadline engine error escape execute home path plan render run_spec value workspace",
    ),
    ("receipt", "engine error escape fingerprint json_line path plan whole_file workspace"),
    ("execute", "engine error escape render run_spec timeout unsafe_calls"),
    ("render", "engine error escape plan run_spec testing workspace"),
    ("run_spec", "config engine error escape plan value workspace"),
    (
        "policy",
        "bounded_read config deadline error escape home json_line path plan policy_store unsafe_calls \
         value wit workspace",
    ),
    (
        "plan",
        "config deadline error escape json_line path project_python testing value wit workspace",
    ),
    (
        "config",
        "bounded_read cli devcontainer engine error escape home path testing value workspace",
    ),
    ("init", "devcontainer error path project_python value whole_file workspace"),
    ("devcontainer", "error escape path value workspace"),
    ("git_directory", "escape path workspace"),
    ("project_python", "escape path workspace"),
    ("workspace", "bounded_read error escape home path"),
    ("policy_store", "bounded_read error escape home path value"),
    ("registry", "bounded_read deadline error escape home timeout value"),
    ("whole_file", "bounded_read escape path"),
    ("cli", "engine value"),
    ("engine", "error timeout value"),
    ("value", "escape"),
    ("record_store", "error escape home value workspace"),
    ("home", "error escape path"),
    ("json_line", "error escape"),
    ("fingerprint", "bounded_read"),
    ("testing", ""),
    ("bounded_read", ""),
    ("deadline", ""),
    ("error", ""),
    ("escape", ""),
    ("path", ""),
    ("timeout", ""),
    ("unsafe_calls", ""),
    ("wit", ""),
];

/// A crate, and the modules that may name it.
const OWNERS: [(&str, &str); 5] = [
    ("clap", "main cli commands engine value"),
    ("cap_std", "fingerprint image policy session volume whole_file workspace"),
    ("wasmtime", "policy unsafe_calls wit"),
    ("wasmtime_wasi", "policy"),
    ("libc", "engine execute unsafe_calls"),
];

/// Which of its children each file of a module imports, directly or by a name that the module
/// itself imports from one.
fn imports_of_siblings(
    sources: &[Source],
    module: &[String],
) -> BTreeMap<String, BTreeSet<String>> {
    let inner = |source: &&Source| source.module.starts_with(module);
    let child = |source: &Source| source.module.get(module.len()).cloned();
    let children: BTreeSet<String> = sources.iter().filter(inner).filter_map(child).collect();
    let own = sources.iter().find(|source| source.module == module);
    let reexports = own.map(|own| own.reexports(&children)).unwrap_or_default();
    let mut graph = BTreeMap::<String, BTreeSet<String>>::new();
    for source in sources.iter().filter(inner) {
        let Some(from) = child(source) else { continue };
        for path in source.paths().iter().filter(|path| path.starts_with(module)) {
            let Some(name) = path.get(module.len()) else { continue };
            let to = children.get(name).or_else(|| reexports.get(name));
            if let Some(to) = to.filter(|to| **to != from) {
                graph.entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    graph
}

/// A circle in a graph, if there is one.
fn circle(graph: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<&str>> {
    fn search<'g>(
        graph: &'g BTreeMap<String, BTreeSet<String>>,
        node: &'g str,
        path: &mut Vec<&'g str>,
        done: &mut BTreeSet<&'g str>,
    ) -> bool {
        let start = path.iter().position(|other| *other == node);
        path.push(node);
        if let Some(start) = start {
            path.drain(..start);
            return true;
        }
        let next = graph.get(node).into_iter().flatten();
        if done.insert(node) && next.into_iter().any(|next| search(graph, next, path, done)) {
            return true;
        }
        path.pop();
        false
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|node| {
        let mut path = Vec::new();
        search(graph, node, &mut path, &mut done).then_some(path)
    })
}

/// The name that a line declares as a type, in whatever block.
fn declared(line: &str) -> Option<&str> {
    let declaration = match line.trim_start() {
        line if line.starts_with("pub") => line.split_once(' ')?.1,
        line => line,
    };
    let (keyword, rest) = declaration.split_once(' ')?;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    // An indented `type` belongs to a trait, or to an implementation of one.
    let is_alias = keyword == "type" && !line.starts_with(' ');
    let is_type = is_alias || ["struct", "enum", "trait", "union"].contains(&keyword);
    is_type.then_some(&rest[..end])
}

trials!(
    fn modules_import_only_what_they_may_use() -> Outcome {
        let mut faults = BTreeSet::new();
        for source in Source::all() {
            let Some(from) = source.module.first() else { continue };
            let (_, may_use) = MAY_USE
                .iter()
                .find(|(name, _)| name == from)
                .unwrap_or_else(|| panic!("`{from}` is in no layer: add it to MAY_USE"));
            for path in source.paths() {
                let Some(to) = path.first() else { continue };
                if to != from && !may_use.split(' ').any(|name| name == to) {
                    faults.insert(format!("{}: {from} uses {to}", source.file));
                }
            }
            if source.code.contains("super::super::") {
                faults.insert(format!("{}: reaches out with super::super", source.file));
            }
        }
        assert!(faults.is_empty(), "{faults:#?}");
        Ok(())
    },
    fn no_module_may_use_one_that_uses_it() -> Outcome {
        let words = |list: &str| list.split_whitespace().map(str::to_owned).collect();
        let graph = MAY_USE.iter().map(|(name, list)| ((*name).to_owned(), words(list))).collect();
        assert_eq!(circle(&graph), None);
        Ok(())
    },
    fn no_files_of_a_module_import_each_other_in_a_circle() -> Outcome {
        let sources: Vec<_> =
            Source::all().into_iter().filter(|source| !source.is_test()).collect();
        let modules: BTreeSet<&ItemPath> = sources.iter().map(|source| &source.module).collect();
        for module in modules.into_iter().filter(|module| !module.is_empty()) {
            let graph = imports_of_siblings(&sources, module);
            let circle = circle(&graph);
            assert_eq!(circle, None, "in {}: {graph:#?}", module.join("::"));
        }
        Ok(())
    },
    fn crates_are_named_only_by_their_owners() -> Outcome {
        let mut faults = BTreeSet::new();
        for source in Source::all() {
            let module = source.module.first().map_or("lib", String::as_str);
            let words =
                source.code.split(|c: char| !c.is_ascii_alphanumeric() && !"_:".contains(c));
            let roots: BTreeSet<_> =
                words.filter_map(|word| Some(word.split_once("::")?.0)).collect();
            for (name, owners) in OWNERS {
                if roots.contains(name) && !owners.split(' ').any(|owner| owner == module) {
                    faults.insert(format!("{}: names {name}", source.file));
                }
            }
        }
        assert!(faults.is_empty(), "{faults:#?}");
        Ok(())
    },
    /// Outside of the bindings, the documents in JSON, and what only tests have.
    fn no_type_name_twice() -> Outcome {
        let mut declarations = BTreeMap::<String, Vec<String>>::new();
        let sources = Source::all().into_iter();
        let excepted = |file: &str| file == "wit.rs" || file.ends_with("json.rs");
        for source in sources.filter(|source| !source.is_test() && !excepted(&source.file)) {
            for name in source.code.lines().filter_map(declared) {
                declarations.entry(name.to_owned()).or_default().push(source.file.clone());
            }
        }
        declarations.retain(|_, files| files.len() > 1);
        assert!(declarations.is_empty(), "{declarations:#?}");
        Ok(())
    }
);
