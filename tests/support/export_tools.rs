//! Tools that carry out or check the files of `paude export`, as `cargo xtask` fetched them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::systemd::{entries, words};
use super::{Env, Ran, setup};

/// The program of a tool, or the folder with its module for Python; else the reason for which
/// there is none.
pub fn find(name: &str) -> Result<PathBuf, String> {
    let setup = setup();
    let tools = setup["export_tools"].as_array().into_iter().flatten();
    let tool = tools.into_iter().find(|tool| tool["name"] == name);
    let (path, why) = match tool {
        Some(tool) => (&tool["path"], tool["why"].as_str()),
        None => (&setup[name], None),
    };
    match path.as_str() {
        Some(path) => Ok(path.into()),
        None => Err(why.unwrap_or("`cargo xtask test` fetches it").to_owned()),
    }
}

/// A module of Python as a program.
pub fn python_module(env: &Env, folder: &Path, module: &str) -> Command {
    let mut command = env.command(setup()["python"].as_str().expect("a Python"));
    command.env("PYTHONPATH", folder).env("PYTHONDONTWRITEBYTECODE", "1");
    command.args(["-m", module]).stdin(Stdio::null());
    command
}

/// The command that podman's generator makes of a unit, without what only systemd can give it.
pub fn start_command(env: &Env, generator: &Path, unit: &str) -> Vec<String> {
    let (root, units) = (env.root(), env.root().join("units"));
    std::fs::create_dir_all(&units).unwrap();
    std::fs::write(units.join("unit.container"), unit).unwrap();
    // As whoever runs the tests, because a lane's user may not enter the checkout.
    let mut command = Command::new(generator);
    command.env_clear().env("QUADLET_UNIT_DIRS", &units).args(["--dryrun", "--no-kmsg-log"]);
    let ran = Ran(command.output().unwrap()).code(0);
    let service = ran.stdout();
    let (_, service) = service.split_once("---unit.service---\n").expect("the service");
    let mut starts = entries(service).into_iter().filter(|(.., key, _)| key == "ExecStart");
    let (.., start) = starts.next().expect("a command");
    let name = root.file_name().unwrap().to_str().unwrap();
    let start = start.replace("systemd-%N", name).replace(" --cidfile=%t/%N.cid", "");
    let is_of_systemd =
        |word: &String| ["-d", "--sdnotify=conmon", "--cgroups=split"].contains(&word.as_str());
    words(&start).into_iter().filter(|word| !is_of_systemd(word)).collect()
}
