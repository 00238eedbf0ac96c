//! Where an environment that is made in the container would land on the host.

use super::collector::Collector;
use super::names::VENV;
use super::walk::Project;
use crate::path::{join, quoted};
use crate::types::Query;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Options longer than this are left out of a message: nobody pastes them.
const MAX_OPTIONS: usize = 1000;

/// Warns about each project without an environment, with the options that reserve one.
pub(super) fn unmade(projects: &[Project], query: &Query, collector: &mut Collector) {
    let none_at_all = collector.is_empty();
    let missing: Vec<_> =
        projects.iter().filter(|project| !collector.has_environment_in(project)).collect();
    let also: String = query.also.iter().map(|path| option(&literal(path))).collect();
    let except: String = query.except.iter().map(|path| option(&["!", path].concat())).collect();
    for project in missing {
        let venv = join(&project.path, VENV);
        let state = match none_at_all && project.path.is_empty() {
            true => "this Python project has no environment yet: ",
            false => "",
        };
        let what = match project.command {
            Some(command) => format!("`{command}` in the container would make `{VENV}` here"),
            None => "an environment made in the container would land".to_string(),
        };
        // A list on the command line replaces one in a file, so what the query asks for is repeated.
        let options = ["--venv auto", &also, &option(&literal(&venv)), &except].concat();
        let how = match options.len() <= MAX_OPTIONS {
            true => format!("`{options}` reserves its place"),
            false => "list it beside `auto` to reserve its place".to_string(),
        };
        collector.advise(&project.path, &format!("{state}{what} on this machine; {how}"));
    }
}

/// One more entry of `--venv`, as a shell takes it.
fn option(entry: &str) -> String {
    [" --venv ", &quoted(entry)].concat()
}

/// A path that `--venv` takes for neither a word nor an exception, nor a shell for an option.
fn literal(path: &str) -> String {
    match path.starts_with(['!', '-']) || matches!(path, "auto" | "none") {
        true => ["./", path].concat(),
        false => path.to_string(),
    }
}
