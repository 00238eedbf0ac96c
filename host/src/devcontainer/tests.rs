//! The golden cases in `tests/devcontainers`, and what no case can show.
#![expect(clippy::disallowed_methods, reason = "tests read and write files directly")]

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::{Settings, load, script};
use crate::value::DevcontainerChoice;
use crate::workspace::Workspace;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/devcontainers")
}

fn describe(settings: &Settings) -> Value {
    let env = settings.env.iter().map(|(name, value)| (name.as_ref().to_owned(), json!(value)));
    let mut all = json!({
        "file": settings.file,
        "image": settings.image.as_ref().map(AsRef::as_ref),
        "build": settings.build.as_ref().map(|build| json!({
            "dockerfile": build.dockerfile.as_str(),
            "context": build.context.as_ref().map_or(".", |path| path.as_str()),
            "args": build.args,
            "target": build.target,
        })),
        "compose": settings.is_compose.then_some(true),
        "env": env.collect::<Map<_, _>>(),
        "variables": script(&settings.late_env),
        "setup": settings.setup,
        "hidden": settings.hidden.iter().map(|path| path.as_str()).collect::<Vec<_>>(),
        "storage": settings.storage.map(|storage| format!("{storage:?}").to_lowercase()),
        "summary": settings.summary(),
        "warnings": settings.warnings().collect::<Vec<_>>(),
    });
    let is_empty = |value: &Value| [json!(null), json!({}), json!([]), json!("")].contains(value);
    all.as_object_mut().unwrap().retain(|_, value| !is_empty(value));
    all
}

/// Compares with the golden file, or rewrites it when `BLESS=1` is set.
fn check(case: &Path) -> Result<(), String> {
    let workspace = Workspace::open(case).unwrap();
    let result = match load(&DevcontainerChoice::Search, &workspace) {
        Ok(settings) => settings.as_ref().map_or(Value::Null, describe),
        Err(error) => json!({ "error": error.report().split('\n').collect::<Vec<_>>() }),
    };
    let text = serde_json::to_string_pretty(&result).unwrap() + "\n";
    let text = text.replace(workspace.path().as_path().to_str().unwrap(), "/WORKSPACE");
    let golden = case.join("expected.json");
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&golden, text).unwrap();
        return Ok(());
    }
    let wanted = std::fs::read_to_string(&golden).unwrap_or_default();
    match text == wanted {
        true => Ok(()),
        false => Err(format!("{}:\n{text}--- but wanted:\n{wanted}", case.display())),
    }
}

#[test]
fn every_case_gives_what_its_golden_file_says() {
    let mut cases: Vec<_> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    assert!(cases.len() >= 30, "{cases:?}");
    for case in &cases {
        let why = std::fs::read_to_string(case.join("README")).unwrap_or_default();
        assert_eq!(why.lines().count(), 1, "{}: README says why in one line", case.display());
    }
    let faults: Vec<_> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The report of the error for a file with this content.
fn error_report(text: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(".devcontainer.json"), text).unwrap();
    let workspace = Workspace::open(dir.path()).unwrap();
    load(&DevcontainerChoice::Search, &workspace).unwrap_err().report()
}

#[test]
fn errors_name_line_and_column() {
    let at = |place: &str| format!("error: .devcontainer.json:{place}: ");
    for (text, place) in [
        ("{\n  \"image\": }", "2:12"),
        ("{\n  \"image\": 3\n}", "2:12"),
        ("{\"a\": 1} {}", "1:10"),
        ("{\n\"image\": \"a\",\n \"image\": \"b\"}", "3:2"),
        ("{\"x\": 1, \"x\": 2}", "1:10"),
        ("\n [\"an image\"]", "2:2"),
        ("null", "1:1"),
        ("", "1:1"),
        ("{\"build\": [\"Dockerfile\"]}", "1:11"),
        ("{'image': 'x'}", "1:2"),
    ] {
        let report = error_report(text.as_bytes());
        assert!(report.starts_with(&at(place)), "{text}: {report}");
    }
    assert!(error_report(b"{\"image\": \"\xff\"}").contains("is not UTF-8"));
}

#[test]
fn size_and_depth_have_limits() {
    let deep = format!("{{\"customizations\": {}", "[".repeat(100_000));
    assert!(error_report(deep.as_bytes()).contains("more than 512 levels"));
    // A thousand times a hundred kilobytes.
    let many: String = (0..1000).map(|n| format!("\"B{n}\": \"${{containerEnv:A}}\",")).collect();
    let text = "x".repeat(100_000);
    let file = format!("{{\"containerEnv\": {{\"A\": \"{text}\"}}, \"remoteEnv\": {{{many}}}}}");
    assert!(error_report(file.as_bytes()).contains("make more than 4 MiB of text"));
    let mut large = b"{}".to_vec();
    large.resize((1 << 20) + 1, b' ');
    assert!(error_report(&large).contains("is larger than 1 MiB"));
}

#[test]
fn a_link_out_of_the_project_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let (outside, project) = (dir.path().join("secret.json"), dir.path().join("project"));
    std::fs::create_dir(&project).unwrap();
    std::fs::write(&outside, "{\"image\": \"secret\"}").unwrap();
    std::os::unix::fs::symlink(&outside, project.join(".devcontainer.json")).unwrap();
    let workspace = Workspace::open(&project).unwrap();
    let error = load(&DevcontainerChoice::Search, &workspace).unwrap_err();
    assert!(error.message().starts_with("cannot read `.devcontainer.json`"), "{error}");
}
