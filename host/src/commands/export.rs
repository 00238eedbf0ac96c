//! `paude export`.

use super::announce::{print_lines, print_warnings};
use super::further;
use super::print::print;
use crate::cli::{ExportArgs, ExportFormat};
use crate::config::Config;
use crate::engine::ChosenEngine;
use crate::error::{Error, Exit, Result};
use crate::export::output::ExportFile;
use crate::export::{self, ExportInput, ExportOptions};
use crate::plan::Plan;
use crate::policy;
use crate::run_spec::RunSpec;
use crate::workspace::Workspace;

/// Writes, compares or prints the file.
pub(super) fn execute(mut args: ExportArgs) -> Result<Exit> {
    let passed = export::take_passed(&mut args.project.env)?;
    let workspace = Workspace::open(&args.project.workspace)?;
    let mut config = Config::load(&args.project, &workspace)?;
    config.forget_time_zone();
    check_image(&config, args.format)?;
    let options = ExportOptions {
        claim: args.claim,
        job: args.job,
        has_user: config.user.is_some(),
        has_cache: config.cache,
        dialect: args.dialect,
    };
    options.check(args.format)?;
    let proposal = policy::propose(&config, &workspace, false)?;
    let plan = Plan::check(&proposal.raw, &workspace, &config, proposal.deadline)?;
    let plan = further::share(plan, &workspace, &config, &args.project, false)?.plan;
    let engine = ChosenEngine::assumed(export::engine_of(args.format));
    let spec = RunSpec::new(&config, &workspace, &plan, &engine, &args.command)?;
    let input = ExportInput::new(&plan, spec, passed, options);
    let exported = export::export(args.format, &input)?;

    print_warnings(&config, &plan);
    let notes = exported.warnings.iter().map(|warning| format!("note: {warning}"));
    print_lines(&notes.collect::<Vec<_>>());
    if let Some(path) = &args.check {
        return match ExportFile::open(path, &plan)?.difference(&exported.text) {
            None => Ok(Exit::Ok),
            Some(difference) => print(&difference).map(|_| Exit::ProblemFound),
        };
    }
    let Some(path) = &args.output else { return print(&exported.text) };
    let header = export::header(args.format);
    let file = ExportFile::open(path, &plan)?;
    file.write(&exported.text, &header, args.force)?;
    if args.format != ExportFormat::Ignore && file.is_within(plan.workspace()) {
        print_lines(&["warning: the container can change this file, which lies in the project; \
                       look at it before you use it again"
            .to_owned()]);
    }
    Ok(Exit::Ok)
}

/// Fails for an image that would have to be built. A list needs no image.
fn check_image(config: &Config, format: ExportFormat) -> Result<()> {
    let setting = match (&config.builds.dockerfile, config.builds.packages.is_empty()) {
        _ if format == ExportFormat::Ignore => return Ok(()),
        (Some(_), _) => "build",
        (None, false) => "packages",
        (None, true) => return Ok(()),
    };
    Err(Error::failed(format!(
        "{format} cannot represent `{setting}`: an export names an image that exists"
    ))
    .hint("build one with all that it needs, then name it: `--image NAME --no-build`"))
}
