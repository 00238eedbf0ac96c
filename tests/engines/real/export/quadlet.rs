//! Units of `paude export quadlet`: the command that podman's generator makes of one is run as
//! systemd would run it.

use super::super::Test;
use super::{Lane, Project, SCRIPT, SETUP, without_lines};
use crate::parameterized;
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Ran, export_tools, tree};

/// Runs the command of a unit, in the foreground.
fn run(project: &Project<'_>, unit: &str) -> Ran {
    let generator = export_tools::find("quadlet").unwrap();
    let words = export_tools::start_command(&project.env, &generator, unit);
    // The first one is podman's path.
    Ran(project.engine(&words[1..]).output().unwrap())
}

parameterized!(
    Test,
    fn a_unit_runs_with_every_environment_hidden(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let text = project.export("quadlet", &["--setup", SETUP, "--", "/bin/sh", "-c", SCRIPT]);
        assert_eq!(run(&project, &text).code(7).stderr(), "");
        project.assert_proven();
        let without = without_lines(&text, "PodmanArgs=\"--mount\" \"type=tmpfs", 1);
        let place = project.first_environment();
        run(&project, &without)
            .code(120)
            .says(&format!("guard: `{place}` is not hidden: nothing is mounted"));
        project.assert_unchanged(&[""]);
        Ok(())
    },
    fn a_unit_shares_further_directories_and_takes_the_network_away(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let shared = project.env.root().join("shared");
        tree::make(&shared, "lib.py: \"value = 7\\n\"\n.venv/pyvenv.cfg");
        lane.give(&shared);
        let before = snapshot(&shared);
        let script =
            "cd ../shared; cat lib.py; ls -A .venv; cp /bin/true .venv/t; .venv/t && echo runs
            (echo >new) 2>/dev/null || echo read-only
            wc -l </proc/net/route"; // the head of the table
        let options = ["--with", "../shared:ro", "--network", "none"];
        let text =
            project.export("quadlet", &[&options[..], &["--", "/bin/sh", "-c", script]].concat());
        assert_eq!(run(&project, &text).prints("value = 7\nruns\nread-only\n1\n").stderr(), "");
        let writable = text.replace(",readonly\"", "\"");
        assert_ne!(writable, text);
        run(&project, &writable).code(120).says("is writable here, or a mount in it is");
        assert_unchanged(&shared, &before);
        Ok(())
    },
);
