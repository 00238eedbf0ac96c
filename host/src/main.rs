//! The command line program: parse, run, print, exit.

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    paude::engine::take_over();
    match paude::commands::execute(paude::cli::Cli::typed()) {
        Ok(exit) => exit.into(),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::from(error.code())
        }
    }
}
