//! A plan as a file that another tool carries out, without paude.
//!
//! What a format cannot express is refused by name. What it does differently is a comment in the
//! file and a warning. Nothing in a file changes from one export to the next unless the plan, the
//! settings or the options did. A format adds a file here and a line in [`export`].

mod compose;
mod devcontainer;
mod ignore;
mod kube;
mod notes;
#[cfg(test)]
mod properties;
mod quadlet;
mod script;
mod storage;
mod texts;
mod user;
mod variables;
mod yaml;

pub(crate) mod output;

use crate::cli::{ExportFormat, IgnoreDialect};
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::run_spec::RunSpec;
use crate::workspace::Identity;

pub(crate) use variables::take_passed;

/// The options of single formats.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExportOptions {
    /// The PersistentVolumeClaim that holds the project.
    pub(crate) claim: Option<String>,
    /// Whether a Job is written, not a Pod.
    pub(crate) job: bool,
    /// Whether a setting names the user.
    pub(crate) has_user: bool,
    /// Whether the settings ask for a cache.
    pub(crate) has_cache: bool,
    /// The language of an ignore list.
    pub(crate) dialect: Option<IgnoreDialect>,
}

impl ExportOptions {
    /// Fails if an option has no meaning for the format.
    pub(crate) fn check(&self, format: ExportFormat) -> Result<()> {
        let options = [
            ("--claim", self.claim.is_some(), ExportFormat::Kube),
            ("--job", self.job, ExportFormat::Kube),
            ("--dialect", self.dialect.is_some(), ExportFormat::Ignore),
        ];
        match options.into_iter().find(|(_, given, of)| *given && *of != format) {
            None => Ok(()),
            Some((name, _, of)) => Err(Error::usage(format!("{name} is an option of `{of}`"))
                .hint(format!("leave it out, or use `paude export {of}`"))),
        }
    }
}

/// What is exported.
#[derive(Clone, Debug)]
pub(crate) struct ExportInput<'p> {
    plan: &'p Plan,
    spec: RunSpec,
    /// The variables whose values are those of whoever runs the container.
    passed: Vec<String>,
    options: ExportOptions,
}

impl<'p> ExportInput<'p> {
    /// Takes a specification for the engine that the format is closest to; see [`engine_of`].
    ///
    /// [`engine_of`]: crate::export::engine_of
    pub(crate) fn new(
        plan: &'p Plan,
        spec: RunSpec,
        passed: Vec<String>,
        options: ExportOptions,
    ) -> Self {
        // The file may be used on another machine, or on another clone of the project, where
        // neither the inode number nor the entries of a directory need be the same.
        let mut spec = RunSpec { identity: Identity::default(), ..spec };
        for directory in &mut spec.directories {
            directory.identity = Identity::default();
        }
        Self { plan, spec, passed, options }
    }
}

/// A file for another tool.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Exported {
    /// The content; its first line is [`header`].
    pub(crate) text: String,
    /// What the tool does differently from paude, a sentence each; comments in the text too.
    pub(crate) warnings: Vec<String>,
}

/// The engine whose users and paths the format has.
pub(crate) fn engine_of(format: ExportFormat) -> crate::engine::Engine {
    match format {
        ExportFormat::Quadlet => crate::engine::Engine::Podman,
        _ => crate::engine::Engine::Docker,
    }
}

/// The first line of each file of a format, without its newline. A file that begins with it is
/// paude's to replace.
pub(crate) fn header(format: ExportFormat) -> String {
    let mark = comment_mark(format);
    format!("{mark} Written by `paude export {format}`, which may replace this file.")
}

/// What begins a comment.
fn comment_mark(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Devcontainer => "//",
        _ => "#",
    }
}

/// Renders all of the input, or returns an error that names what the format cannot express.
pub(crate) fn export(format: ExportFormat, input: &ExportInput<'_>) -> Result<Exported> {
    let texts = texts::Texts { format };
    let (body, mut warnings) = match format {
        ExportFormat::Compose => compose::render(input, texts)?,
        ExportFormat::Devcontainer => devcontainer::render(input, texts)?,
        ExportFormat::Kube => kube::render(input, texts)?,
        ExportFormat::Quadlet => quadlet::render(input, texts)?,
        ExportFormat::Ignore => ignore::render(input),
    };
    if format != ExportFormat::Ignore {
        warnings.extend(notes::common(input));
    }
    let mark = comment_mark(format);
    let comments = warnings.iter().map(|warning| format!("{mark} note: {warning}\n"));
    let text = format!("{}\n{}{body}", header(format), comments.collect::<String>());
    Ok(Exported { text, warnings })
}
