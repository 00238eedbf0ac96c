//! Faulty results, each with every fault it must be rejected for.
#![expect(clippy::disallowed_methods, reason = "tests create their own workspaces")]

mod deadline;
mod links;
mod lookups;
mod selection;

use std::os::unix::fs::symlink;
use std::time::Duration;

use super::*;

/// A result, and the selection of the configuration it is checked against.
#[derive(Clone)]
struct TestResult {
    findings: wit::Findings,
    plan: wit::Plan,
    layout: wit::Layout,
    selection: Selection,
}

/// A workspace with directories, files and links of every kind.
struct CheckFixture {
    _dir: tempfile::TempDir,
    workspace: Workspace,
}

impl CheckFixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("project");
        for path in [".venv", "src", "a/b", "a\u{1b}[2Jb", "x\u{202e}y\u{200b}z"] {
            std::fs::create_dir_all(root.join(path)).unwrap();
        }
        std::fs::create_dir_all(dir.path().join("outside")).unwrap();
        std::fs::write(root.join("file"), "").unwrap();
        for (link, target) in [
            ("out", "../outside"),
            ("in", "a"),
            ("self", "."),
            ("loop", "loop"),
            ("dangling", "nowhere"),
            ("up", ".."),
        ] {
            symlink(target, root.join(link)).unwrap();
        }
        let workspace = Workspace::open(&root).unwrap();
        Self { _dir: dir, workspace }
    }

    /// A result without faults: `.venv` is found and hidden.
    fn valid_result(&self) -> TestResult {
        let layout = wit::Layout {
            workspace: self.workspace.path().as_path().to_str().unwrap().to_owned(),
            backing: wit::Backing::Tmpfs,
            size: Some(1 << 30),
        };
        let mut result = TestResult {
            findings: wit::Findings { environments: Vec::new(), primary: None, notes: Vec::new() },
            plan: wit::Plan {
                mounts: vec![wit::Mount::Workspace(layout.workspace.clone())],
                notes: Vec::new(),
            },
            layout,
            selection: Selection::AUTO,
        };
        result.hide(".venv");
        result
    }

    fn check(&self, result: &TestResult) -> Result<Plan, String> {
        self.check_in(result, Duration::from_secs(60))
    }

    fn check_in(&self, result: &TestResult, time: Duration) -> Result<Plan, String> {
        let TestResult { findings, plan, layout, selection } = result.clone();
        let (size, policies) = (layout.size, Vec::new());
        let config = Config { selection, size, policies, ..Config::default() };
        let raw = RawPlan { findings, plan, layout, backings: BTreeMap::new() };
        Plan::check(&raw, &self.workspace, &config, Deadline::after(time))
            .map_err(|faults| faults.to_string())
    }
}

impl TestResult {
    fn find(&mut self, path: &str) -> &mut wit::Finding {
        self.findings.environments.push(wit::Finding {
            path: path.to_owned(),
            kind: wit::Kind::Venv,
            python: None,
            home: None,
            link: None,
            reason: "pyvenv.cfg".to_owned(),
        });
        self.findings.environments.last_mut().unwrap()
    }

    fn shadow(&mut self, path: &str) -> &mut wit::Shadow {
        let (backing, size) = (self.layout.backing, self.layout.size);
        let shadow = wit::Shadow { path: path.to_owned(), backing, size };
        self.plan.mounts.push(wit::Mount::Shadow(shadow));
        match self.plan.mounts.last_mut() {
            Some(wit::Mount::Shadow(shadow)) => shadow,
            _ => unreachable!("it was pushed"),
        }
    }

    fn hide(&mut self, path: &str) {
        self.find(path);
        self.shadow(path);
    }

    fn link(&mut self, path: &str, inside: &str) {
        self.find(path).link = Some(wit::Link::Inside(inside.to_owned()));
        self.shadow(inside);
    }

    fn note(message: String) -> wit::Note {
        wit::Note { severity: wit::Severity::Info, path: None, message }
    }
}

/// A change that adds a fault to a valid result.
type Corruption = fn(&mut TestResult);

/// Applies each change to a valid result, and checks that exactly these faults are reported.
fn assert_rejected(cases: &[(Corruption, &[&str])]) {
    let fixture = CheckFixture::new();
    for (corrupt, expected) in cases {
        let mut result = fixture.valid_result();
        corrupt(&mut result);
        let faults = fixture.check(&result).expect_err(expected[0]);
        let mut lines = faults.lines();
        assert_eq!(lines.next(), Some("the policy's result is rejected; nothing was started"));
        let lines: Vec<_> = lines.map(|line| line.strip_prefix("  - ").unwrap()).collect();
        assert_eq!(lines.as_slice(), *expected, "{faults}");
    }
}

#[test]
fn a_path_that_breaks_the_rules_is_rejected() {
    assert_rejected(&[
        (|r| r.hide("/etc"), &["`/etc` is absolute, not relative to the workspace"; 2]),
        (|r| r.hide("../x"), &["`../x` has an empty, `.` or `..` component"; 2]),
        (|r| r.hide("src/../../x"), &["`src/../../x` has an empty, `.` or `..` component"; 2]),
        (|r| r.hide("./src"), &["`./src` has an empty, `.` or `..` component"; 2]),
        (|r| r.hide("a//b"), &["`a//b` has an empty, `.` or `..` component"; 2]),
        (|r| r.hide("a/"), &["`a/` has an empty, `.` or `..` component"; 2]),
        (|r| r.hide("."), &["`.` has an empty, `.` or `..` component"; 2]),
        (|r| r.hide(""), &["`` is the workspace itself"; 2]),
        (|r| r.hide("src\0"), &["`src\\u{0}` has a control character"; 2]),
        (|r| r.hide("a\u{1b}[2Jb"), &["`a\\u{1b}[2Jb` has a control character"; 2]),
        (|r| r.hide("a\nb"), &["`a\\nb` has a control character"; 2]),
    ]);
}

#[test]
fn duplicate_and_nested_shadows_are_rejected() {
    assert_rejected(&[
        (|r| r.hide(".venv"), &["`.venv` is found twice", "`.venv` is hidden twice"]),
        (
            |r| {
                r.shadow(".venv");
            },
            &["`.venv` is hidden twice"],
        ),
        (
            |r| {
                r.hide("a");
                r.hide("a/b");
            },
            &["`a/b` lies within `a`"],
        ),
        (
            |r| {
                r.hide("a/b");
                r.link("in", "a");
            },
            &["`a/b` lies within `a`"],
        ),
    ]);
}

#[test]
fn the_workspace_is_mounted_once_at_its_path() {
    assert_rejected(&[
        (|r| drop(r.plan.mounts.remove(0)), &["it mounts the workspace 0 times, not once"]),
        (
            |r| r.plan.mounts.push(r.plan.mounts[0].clone()),
            &["it mounts the workspace 2 times, not once"],
        ),
        (
            |r| r.plan.mounts[0] = wit::Mount::Workspace("/etc".to_owned()),
            &["`/etc` is not the path of the workspace"],
        ),
        (
            |r| r.plan.mounts[0] = wit::Mount::Workspace("\u{1b}]0;x".to_owned()),
            &["`\\u{1b}]0;x` is not the path of the workspace"],
        ),
    ]);
}

#[test]
fn a_shadow_must_have_the_configured_backing_and_size() {
    const FAULT: &str = "`src` has another backing or size than was asked for";
    let corruptions: [Corruption; 3] = [
        |r| r.shadow("src").backing = wit::Backing::Volume,
        |r| r.shadow("src").size = None,
        |r| r.shadow("src").size = Some(u64::MAX),
    ];
    for corrupt in corruptions {
        let fixture = CheckFixture::new();
        let mut result = fixture.valid_result();
        result.find("src");
        corrupt(&mut result);
        assert!(fixture.check(&result).unwrap_err().contains(FAULT));
    }
}

#[test]
fn texts_and_counts_are_limited() {
    const MANY: &[&str] = &["it has more than 4096 entries"];
    const KIND: &[&str] =
        &["`.venv` has a kind that is not 1 to 32 ASCII letters, digits, `-` or `_`"];
    fn set_kind(result: &mut TestResult, name: &str) {
        result.findings.environments[0].kind = wit::Kind::Other(name.to_owned());
    }
    assert_rejected(&[
        (|r| (0..5000).for_each(|n| _ = r.find(&n.to_string())), MANY),
        (|r| (0..5000).for_each(|n| _ = r.shadow(&n.to_string())), MANY),
        (|r| r.findings.notes = vec![TestResult::note(String::new()); 5000], MANY),
        (|r| r.plan.notes = vec![TestResult::note(String::new()); 5000], MANY),
        (
            |r| r.plan.notes = vec![TestResult::note("x".repeat(4097))],
            &["it has a note with a message longer than 4096 bytes"],
        ),
        (
            |r| {
                let path = Some("x".repeat(4097));
                r.findings.notes = vec![wit::Note { path, ..TestResult::note(String::new()) }];
            },
            &["it has a note with a path longer than 4096 bytes"],
        ),
        (
            |r| r.findings.environments[0].reason = "x".repeat(1 << 20),
            &["`.venv` has a reason longer than 4096 bytes"],
        ),
        (
            |r| r.findings.environments[0].home = Some("x".repeat(4097)),
            &["`.venv` has a home longer than 4096 bytes"],
        ),
        (
            |r| r.findings.environments[0].python = Some("3".repeat(33)),
            &["`.venv` has a Python version longer than 32 bytes"],
        ),
        (|r| set_kind(r, "a\u{1b}b"), KIND),
        (|r| set_kind(r, ""), KIND),
        (|r| set_kind(r, &"x".repeat(33)), KIND),
    ]);
}

#[test]
fn all_faults_are_in_one_short_message() {
    let fixture = CheckFixture::new();
    let mut result = fixture.valid_result();
    result.plan.mounts.clear();
    (0..4000).for_each(|n| _ = result.find(&format!("{}{n}", "x/".repeat(5000))));
    let faults = fixture.check(&result).unwrap_err();
    assert_eq!(faults.lines().count(), 22, "{faults}");
    assert!(faults.len() < 20_000, "{}", faults.len());
    assert!(faults.contains("...` is longer than 3072 bytes"), "{faults}");
    assert!(faults.ends_with("\n  - and 3982 more"), "{faults}");
}

#[test]
fn untrusted_text_is_escaped_in_an_accepted_plan() {
    let fixture = CheckFixture::new();
    let mut result = fixture.valid_result();
    result.hide("x\u{202e}y\u{200b}z");
    result.findings.environments[0].reason = "\u{1b}[2J".to_owned();
    result.findings.environments[0].home = Some("\u{202e}emoh".to_owned());
    result.plan.notes = vec![wit::Note {
        severity: wit::Severity::Warning,
        path: Some("\u{1b}p".to_owned()),
        message: "a\nerror: b".to_owned(),
    }];
    let picture = fixture.check(&result).unwrap().to_string();
    for text in ["x\\u{202e}y\\u{200b}z", "\\u{1b}[2J", "\\u{1b}p", "a\\nerror: b"] {
        assert!(picture.contains(text), "{text}: {picture}");
    }
    assert!(!picture.contains(['\u{1b}', '\u{202e}', '\u{200b}']), "{picture}");
}
