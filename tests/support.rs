//! What every test builds on: a home of its own, a project made from a description, and a
//! `paude` that sees nothing of the machine it runs on.

mod env;
pub mod export_tools;
mod fake_engine;
mod ran;
pub mod snapshot;
#[path = "../host/src/testing/systemd.rs"]
pub mod systemd;
pub mod tree;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};

pub use env::{Env, clean_up, paude};
pub use ran::{Checked, Ran};

/// The script of a container's first process.
pub const ENTRY_SCRIPT: &str = concat!(
    include_str!("../host/src/render/command.sh"),
    include_str!("../host/src/render/entry.sh")
);

/// The script of a command that joins a container.
pub const JOIN_SCRIPT: &str = concat!(
    include_str!("../host/src/render/command.sh"),
    include_str!("../host/src/execute/join.sh")
);

/// What a test returns.
pub type Outcome = Result<(), Failed>;

/// Defines the tests of a module and, in the same place, the function `trials` that returns
/// them; with a name in front, the function of that name.
///
/// Arguments in parentheses, because rustfmt leaves a macro in braces alone. A list of names
/// makes trials of functions that are defined elsewhere.
#[macro_export]
macro_rules! trials {
    ($list:ident, $($(#[$attribute:meta])* fn $test:ident() -> Outcome $body:block),+ $(,)?) => {
        $($(#[$attribute])* fn $test() -> $crate::support::Outcome $body)+

        fn $list() -> Vec<::libtest_mimic::Trial> {
            $crate::trials![$($test),+]
        }
    };
    ($($(#[$attribute:meta])* fn $test:ident() -> Outcome $body:block),+ $(,)?) => {
        $($(#[$attribute])* fn $test() -> $crate::support::Outcome $body)+

        /// The tests of this module.
        pub fn trials() -> Vec<::libtest_mimic::Trial> {
            $crate::trials![$($test),+]
        }
    };
    ($($test:ident),* $(,)?) => {
        vec![$($crate::support::trial(concat!(module_path!(), "::", stringify!($test)), $test)),*]
    };
}

/// The same for tests that take an argument, such as a lane: defines them, and registers them
/// with their names in `TESTS`, or in the list that is named.
#[macro_export]
macro_rules! parameterized {
    ($type:ty, $(
        $(#[$attribute:meta])* fn $test:ident($argument:ident: $of:ty $(,)?) -> Outcome $body:block
    ),+ $(,)?) => {
        $crate::parameterized!($type, TESTS, $(
            $(#[$attribute])* fn $test($argument: $of) -> Outcome $body
        ),+);
    };
    ($type:ty, $list:ident, $(
        $(#[$attribute:meta])* fn $test:ident($argument:ident: $of:ty $(,)?) -> Outcome $body:block
    ),+ $(,)?) => {
        $($(#[$attribute])* fn $test($argument: $of) -> $crate::support::Outcome $body)+

        pub(super) const $list: &[(&str, $type)] = &[$((stringify!($test), $test)),+];
    };
}

/// One trial, without the crate's name in front.
pub fn trial(name: &str, test: fn() -> Outcome) -> Trial {
    Trial::test(name.split_once("::").map_or(name, |(_, rest)| rest), test)
}

/// Waits for something to become true; fails after so many seconds.
#[track_caller]
pub fn wait_for(what: &str, seconds: u64, mut is_true: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_true() {
        assert!(started.elapsed() < Duration::from_secs(seconds), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The file of a program of this machine.
pub fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut files = std::env::split_paths(&path).map(|dir| dir.join(program));
    files.find(|file| file.is_file())
}

/// What `cargo xtask` prepared; null where it did not. `PAUDE_TEST_SETUP` names the file.
pub fn setup() -> serde_json::Value {
    let file = std::env::var_os("PAUDE_TEST_SETUP").map(PathBuf::from);
    file.and_then(|file| std::fs::read_to_string(file).ok())
        .map_or(serde_json::Value::Null, |text| serde_json::from_str(&text).expect("valid JSON"))
}

/// Compares with a golden file, or rewrites it when `BLESS=1` is set.
#[track_caller]
pub fn golden(file: &Path, actual: &str) {
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        std::fs::write(file, actual).unwrap();
        return;
    }
    let wanted = std::fs::read_to_string(file).unwrap_or_default();
    assert_eq!(actual, wanted, "\n{} differs; BLESS=1 rewrites it", file.display());
}
