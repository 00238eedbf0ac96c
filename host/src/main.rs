//! The command line program: parse, run, print, exit.

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    paude::execute::become_helper_if_requested();
    paude::execute::survive_file_size_limit();
    match paude::commands::execute(paude::cli::Cli::parse_or_exit()) {
        Ok(exit) => exit.into(),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{}", error.report());
            ExitCode::from(error.code())
        }
    }
}
