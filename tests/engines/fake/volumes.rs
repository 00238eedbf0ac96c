//! Engines that do not report what became of their volumes.

use super::fake;
use crate::support::Env;
use crate::trials;

/// An engine with one volume. `busy` has a line for each query of it that fails, and `image` the
/// error message about the image.
const VOLUME: &str = r#"cd "${0%/*}"
case "$1 $2" in
  "image inspect") [ ! -e image ] || { cat image >&2; exit 1; }; echo sha256:0 ;;
  "volume create") for word; do case $word in paude.id=*) echo "${word#*=}" >id ;; esac; done ;;
  "volume inspect") [ ! -s busy ] || { sed -i 1d busy; exit 1; }; cat id ;;
  "volume ls") [ ! -e id ] || cat id ;;
  "volume rm") rm id ;;
esac"#;

trials!(
    fn a_volume_stays_listed_while_its_engine_does_not_answer() -> Outcome {
        let mut env = Env::with(".venv/pyvenv.cfg");
        fake(&mut env, "podman", "exit 0", "exit 0");
        let _ =
            env.paude(&["--storage", "volume", "--no-cache", "--engine", "podman", "--", "true"]);
        let list = env.paude(&["volumes", "list"]).code(0).stdout();
        let name = list.split(' ').next().unwrap().to_owned();
        assert!(name.starts_with("paude-"), "{list}");
        fake(&mut env, "podman", "", "exit 1");
        let ran = env.paude(&["volumes", "remove", &name]).code(125);
        ran.says("cannot find out whether podman has the volume");
        env.paude(&["volumes", "list"]).code(0).prints(&list);
        // It answers, and has none.
        env.fake_engine("podman", "[ \"$2\" = ls ]");
        env.paude(&["volumes", "remove", &name]).code(0);
        env.paude(&["volumes", "list"]).code(0).prints("");
        Ok(())
    },
    /// It may hold what somebody made in it by hand.
    fn a_volume_is_not_removed_unless_its_engine_is_sure() -> Outcome {
        let mut env = Env::with(".venv/pyvenv.cfg");
        let file = env.fake_engine("podman", VOLUME);
        let bin = file.parent().unwrap();
        let run = || {
            env.paude(&["--storage", "volume", "--no-cache", "--engine", "podman", "--", "true"])
        };
        run().code(0);
        let id = std::fs::read_to_string(bin.join("id"))?;

        // Before it has the exclusive lock of the volume, and after.
        std::fs::write(bin.join("busy"), "\n\n")?;
        run().code(125).says("cannot find out whether podman has the volume");
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
);
