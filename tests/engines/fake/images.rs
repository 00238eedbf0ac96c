//! Engines whose builds fail.

use super::{fake, one_error, subcommands};
use crate::support::{Env, Ran};
use crate::trials;

/// A run whose podman builds an image at this attempt, and says `failure` before.
fn build(failure: &str, attempt: u32) -> (Env, Ran) {
    let mut env = Env::with("Dockerfile: \"FROM base\\n\"");
    env.write("paude.json", r#"{"build": {}}"#);
    let script = format!(
        "[ \"$1\" = build ] || exit 0\ncat >/dev/null\necho >>\"$ROOT/attempts\"\n\
         [ $(wc -l <\"$ROOT/attempts\") -ge {attempt} ] || {{ echo '{failure}' >&2; exit 125; }}\n\
         printf 'sha256:%064d' 0 >\"$3\""
    );
    fake(&mut env, "podman", "exit 0", &script);
    let ran = env.paude(&["--engine", "podman", "--builds", "allow", "--", "true"]);
    (env, ran)
}

/// What podman says when another process removes an image at the wrong moment.
const LAYER_REMOVED: &str = "Error: getting top layer info: layer not known";

trials!(
    fn a_build_that_misses_a_removed_layer_is_tried_again() -> Outcome {
        let again = "Building again: an image was removed while this one was built\n";
        let (_env, ran) = build(LAYER_REMOVED, 3);
        assert_eq!(ran.code(0).stderr().matches(again).count(), 2);
        let (env, ran) = build(LAYER_REMOVED, 4);
        one_error(
            &ran.code(125),
            "error: podman could not build the image: it ended with exit status",
        );
        assert_eq!(subcommands(&env).matches("build ").count(), 3);
        Ok(())
    },
    fn another_build_that_fails_is_not_tried_again() -> Outcome {
        let (env, ran) = build("Error: no such stage", 2);
        ran.code(125).says("Error: no such stage\nerror: podman could not build the image");
        assert_eq!(subcommands(&env).matches("build ").count(), 1);
        Ok(())
    }
);
