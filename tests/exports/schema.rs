//! What is exported for Kubernetes, against the schemas of its API.

use std::path::Path;

use libtest_mimic::Trial;

use crate::support::{Env, Ran, export_tools};
use crate::trials;

/// All tests; ignored where the tool is not fetched.
pub fn trials() -> Vec<Trial> {
    let is_missing = export_tools::find("kubernetes-validate").is_err();
    let is_ignored = is_missing && std::env::var_os("CI").is_none();
    of_kubernetes().into_iter().map(|trial| trial.with_ignored_flag(is_ignored)).collect()
}

/// Whether the validator accepts these documents, each with all objects in it.
fn validate(env: &Env, documents: &[(String, String)]) -> Ran {
    let folder = export_tools::find("kubernetes-validate").unwrap();
    let mut command = export_tools::python_module(env, Path::new(&folder), "kubernetes_validate");
    command.arg("--strict");
    for (name, text) in documents {
        let file = env.root().join(name).with_extension("yaml");
        std::fs::write(&file, text).unwrap();
        command.arg(file);
    }
    Ran(command.output().unwrap())
}

trials!(
    of_kubernetes,
    fn every_document_fits_the_schemas_of_kubernetes() -> Outcome {
        let env = Env::new();
        let documents = super::goldens(&["kube", "kube-claim", "kube-job"]);
        assert!(documents.len() >= 10, "{documents:#?}");
        let _ = validate(&env, &documents).code(0);
        let (name, text) = documents.into_iter().find(|(name, _)| name == "simple-kube").unwrap();
        for (good, bad) in [
            ("restartPolicy: \"Never\"", "restartPolicys: \"Never\""),
            ("readOnly: true", "readOnly: \"true\""),
            ("emptyDir: {}", "emptyDirs: {}"),
        ] {
            let changed = text.replacen(good, bad, 1);
            assert_ne!(changed, text);
            let _ = validate(&env, &[(name.clone(), changed)]).code(1);
        }
        Ok(())
    }
);
