//! What is exported for systemd, as podman's generator reads it.

use libtest_mimic::Trial;

use crate::support::systemd::{entries, words};
use crate::support::{Env, export_tools};
use crate::trials;

/// All tests; ignored where the generator is not fetched.
pub fn trials() -> Vec<Trial> {
    let is_missing = export_tools::find("quadlet").is_err();
    let is_ignored = is_missing && std::env::var_os("CI").is_none();
    of_generator().into_iter().map(|trial| trial.with_ignored_flag(is_ignored)).collect()
}

trials!(
    of_generator,
    fn the_generator_passes_on_each_word_of_a_unit() -> Outcome {
        let generator = export_tools::find("quadlet")?;
        let env = Env::new();
        let mut units = 0;
        for (case, text) in super::goldens(&["quadlet"]) {
            units += 1;
            let found = export_tools::start_command(&env, &generator, &text);
            let entries = entries(&text);
            let of = |key: &str| {
                let own =
                    entries.iter().filter(|(section, own, _)| section == "Container" && own == key);
                own.map(|(.., value)| value.clone()).collect::<Vec<_>>()
            };
            let has = |words: &[String]| found.windows(words.len()).any(|window| window == words);
            for value in of("PodmanArgs") {
                assert!(has(&words(&value)), "{case}: no {value} in {found:#?}");
            }
            for value in of("Environment") {
                let pair = ["--env".to_owned(), words(&value).remove(0)];
                assert!(has(&pair), "{case}: no {value} in {found:#?}");
            }
            for value in of("Secret") {
                let pair = ["--secret".to_owned(), words(&value).remove(0)];
                assert!(has(&pair), "{case}: no {value} in {found:#?}");
            }
            for value in of("Network") {
                assert!(has(&["--network".to_owned(), value]), "{case}: {found:#?}");
            }
            assert!(has(&["--init".to_owned()]), "{case}: {found:#?}");
            let mut command = of("Image");
            command.extend(words(&of("Exec")[0]));
            assert!(found.ends_with(&command), "{case}: {found:#?}");
        }
        assert!(units >= 5, "{units}");
        Ok(())
    }
);
