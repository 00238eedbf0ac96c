//! Boxes: root directories of newer Debian releases, in which the tests run on the engines of these releases.
//!
//! A box is built once and kept. Every use of it starts namespaces of its own ([`enter`]), runs this program in them,
//! which prepares the engines ([`inside`]), and ends them with the command. Nothing outside the box changes.

mod enter;
pub(crate) mod inside;
mod root;

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::checkout::Checkout;
use crate::files;
use crate::prepare::for_box;
use crate::process::{self, report};

/// A Debian release that a box is made of.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Suite {
    Trixie,
    Sid,
}

impl Suite {
    pub(crate) const ALL: [Self; 2] = [Self::Trixie, Self::Sid];

    /// The name that Debian's mirrors and the command line use.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Trixie => "trixie",
            Self::Sid => "sid",
        }
    }

    /// The directories of this box, in place of those of the checkout.
    fn checkout(self, machine: &Checkout) -> Checkout {
        let setup_dir = machine.setup_path("boxes").join(self.name());
        Checkout { root: machine.root.clone(), setup_dir }
    }
}

/// The option that both `setup` and `test` have.
#[derive(clap::Args)]
pub(crate) struct EnginesOption {
    /// Also use the podman and docker of these Debian releases, in boxes of 0.7 GB that are kept
    #[arg(long, value_name = "SUITE", value_delimiter = ',')]
    pub(crate) engines: Vec<Suite>,
}

/// A box that is ready to be entered; no other process can enter it meanwhile.
pub(crate) struct EngineBox {
    pub(crate) suite: Suite,
    root: PathBuf,
    _lock: File,
}

/// Builds the boxes that are missing. One that cannot be built is reported; under CI, that is an error if it was asked
/// for.
pub(crate) fn prepare_all(
    checkout: &Checkout,
    suites: &[Suite],
    asked: bool,
) -> Result<Vec<EngineBox>> {
    let mut boxes = Vec::new();
    for &suite in suites {
        match prepare(checkout, suite) {
            Ok(prepared) => boxes.push(prepared),
            Err(error) if asked && std::env::var_os("CI").is_some() => {
                return Err(error.context(format!("cannot prepare the box {}", suite.name())));
            }
            Err(error) => report(format!("box {}: skipped: {error:#}", suite.name())),
        }
    }
    Ok(boxes)
}

fn prepare(checkout: &Checkout, suite: Suite) -> Result<EngineBox> {
    if !process::is_root() {
        bail!("only root can start a box");
    }
    let own = suite.checkout(checkout);
    files::create_dir(&own.setup_dir)?;
    let path = own.setup_path("lock");
    let lock = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    if lock.try_lock().is_err() {
        report(format!("another `cargo xtask` is using the box {}; waiting for it", suite.name()));
        lock.lock()?;
    }
    let root = root::ensure(checkout, &own, suite)?;
    enter::check(checkout, suite, &root).context("the box does not start")?;
    for_box::fetch(checkout, &own, &root)?;
    Ok(EngineBox { suite, root, _lock: lock })
}

impl EngineBox {
    /// Runs a command in the box with its engines up and returns its exit code; without a command, prepares the engines.
    pub(crate) fn run(&self, checkout: &Checkout, command: &[OsString]) -> Result<u8> {
        enter::run(checkout, self.suite, &self.root, command)
    }
}
