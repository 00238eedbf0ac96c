//! `off`: nothing is hidden, and the consequence is reported.

use super::off;

#[test]
fn nothing_is_found_and_each_environment_is_reported_once() {
    let reported = |path: &str, why: &str| {
        format!(
            "warning: {path}: an environment of the host ({why}) is not hidden: the container \
             sees it broken"
        )
    };
    assert_eq!(
        off(&[
            ".venv -> venv",
            "venv/pyvenv.cfg",
            "api/.tox/py/pyvenv.cfg",
            "env -> /elsewhere", // not in the container at all
            ".env",
        ]),
        [reported("api/.tox", "by its name"), reported("venv", "pyvenv.cfg")]
    );
    assert_eq!(off(&["src/x.py"]), [""; 0]);
}
