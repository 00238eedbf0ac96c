//! Engines that do not tell what becomes of their volumes.

use libtest_mimic::Trial;

use super::fake;
use crate::support::{Env, Outcome};
use crate::trials;

/// All of them.
pub fn trials() -> Vec<Trial> {
    trials![
        a_volume_is_not_forgotten_while_its_engine_is_silent,
        a_volume_is_not_removed_unless_its_engine_is_sure,
    ]
}

fn a_volume_is_not_forgotten_while_its_engine_is_silent() -> Outcome {
    let mut env = Env::with(".venv/pyvenv.cfg");
    fake(&mut env, "podman", "exit 0", "exit 0");
    env.paude(&["--storage", "volume", "--engine", "podman", "--", "true"]);
    let list = env.paude(&["volumes", "list"]).code(0).stdout();
    let name = list.split(' ').next().unwrap().to_owned();
    assert!(name.starts_with("paude-"), "{list}");
    fake(&mut env, "podman", "", "exit 1");
    let ran = env.paude(&["volumes", "remove", &name]).code(125);
    ran.says("podman does not tell whether it has the volume");
    env.paude(&["volumes", "list"]).code(0).prints(&list);
    // It answers, and has none.
    std::fs::write(env.root().join("bin/podman"), "#!/bin/sh\n[ \"$2\" = ls ]\n")?;
    env.paude(&["volumes", "remove", &name]).code(0);
    env.paude(&["volumes", "list"]).code(0).prints("");
    Ok(())
}

/// An engine with a volume, as far as paude asks. `busy` has a line for each look at it that
/// fails, and `image` what is said of the image.
const VOLUME: &str = r#"#!/bin/sh
cd "${0%/*}"
case "$1 $2" in
  "image inspect") [ ! -e image ] || { cat image >&2; exit 1; }; echo sha256:0 ;;
  "volume create") for word; do case $word in paude.id=*) echo "${word#*=}" >id ;; esac; done ;;
  "volume inspect") [ ! -s busy ] || { sed -i 1d busy; exit 1; }; cat id ;;
  "volume ls") [ ! -e id ] || cat id ;;
  "volume rm") rm id ;;
esac"#;

/// What somebody made in it by hand would be gone.
fn a_volume_is_not_removed_unless_its_engine_is_sure() -> Outcome {
    let mut env = Env::with(".venv/pyvenv.cfg");
    fake(&mut env, "podman", "", "");
    let bin = env.root().join("bin");
    std::fs::write(bin.join("podman"), VOLUME)?;
    let run = || env.paude(&["--storage", "volume", "--engine", "podman", "--", "true"]);
    run().code(0);
    let id = std::fs::read_to_string(bin.join("id"))?;

    // Before it is alone with the volume, and after.
    std::fs::write(bin.join("busy"), "\n\n")?;
    run().code(125).says("podman does not tell whether it has the volume");
    std::fs::remove_file(bin.join("busy"))?;
    run().code(0);
    assert_eq!(std::fs::read_to_string(bin.join("id"))?, id);

    std::fs::write(bin.join("image"), "Error: database is locked\n")?;
    env.paude(&["volumes", "prune"]).code(0).prints("");
    assert_eq!(std::fs::read_to_string(bin.join("id"))?, id);
    std::fs::write(bin.join("image"), "Error: inspecting object: x: image not known\n")?;
    env.paude(&["volumes", "prune"]).code(0);
    assert!(!bin.join("id").exists());
    Ok(())
}
