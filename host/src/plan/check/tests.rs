//! Hostile answers, each with the words that refuse it.
#![expect(clippy::disallowed_methods, reason = "tests arrange a workspace themselves")]

use std::os::unix::fs::symlink;
use std::time::Duration;

use super::*;
use crate::value::EngineChoice;

/// An answer, and the question it answers.
#[derive(Clone)]
struct Answer {
    findings: wit::Findings,
    plan: wit::Plan,
    layout: wit::Layout,
    selection: Selection,
}

/// A workspace with something of everything.
struct Fixture {
    _dir: tempfile::TempDir,
    workspace: Workspace,
}

impl Fixture {
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

    /// An answer without fault: `.venv` is found and hidden.
    fn honest(&self) -> Answer {
        let layout = wit::Layout {
            workspace: self.workspace.path().as_path().to_str().unwrap().to_owned(),
            backing: wit::Backing::Tmpfs,
            size: Some(1 << 30),
        };
        let mut answer = Answer {
            findings: wit::Findings { environments: Vec::new(), notes: Vec::new() },
            plan: wit::Plan {
                mounts: vec![wit::Mount::Workspace(layout.workspace.clone())],
                notes: Vec::new(),
            },
            layout,
            selection: Selection::Auto,
        };
        answer.hide(".venv");
        answer
    }

    fn check(&self, answer: &Answer) -> Result<Plan, String> {
        let config = Config {
            selection: answer.selection.clone(),
            depth: 3,
            setup: None,
            image: None,
            env: Vec::new(),
            size: answer.layout.size,
            storage: crate::value::Storage::Tmpfs,
            policies: Vec::new(),
            policy_timeout: Duration::from_secs(2),
            policy_cache: false,
            engine: EngineChoice::Auto,
            user: None,
            engine_args: Vec::new(),
            warnings: Vec::new(),
        };
        let Answer { findings, plan, layout, .. } = answer.clone();
        Plan::check(&RawPlan { findings, plan, layout }, &self.workspace, &config)
            .map_err(|report| report.to_string())
    }
}

impl Answer {
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

    fn listed(&mut self, paths: &[&str]) {
        let paths = paths.iter().map(|path| RelPath::parse(path).unwrap());
        self.selection = Selection::Listed(paths.collect());
    }
}

/// A change that makes an honest answer a bad one.
type Spoil = fn(&mut Answer);

/// Each change, and each fault it must be refused for: these, and no other.
fn all_refused(cases: &[(Spoil, &[&str])]) {
    let fixture = Fixture::new();
    for (spoil, faults) in cases {
        let mut answer = fixture.honest();
        spoil(&mut answer);
        let report = fixture.check(&answer).expect_err(faults[0]);
        let mut lines = report.lines();
        assert_eq!(lines.next(), Some("the policy's answer is refused; nothing was started"));
        let lines: Vec<_> = lines.map(|line| line.strip_prefix("  - ").unwrap()).collect();
        assert_eq!(lines.as_slice(), *faults, "{report}");
    }
}

#[test]
fn an_honest_answer_is_taken() {
    let fixture = Fixture::new();
    let mut answer = fixture.honest();
    answer.link("in", "a");
    let taken = |answer: &Answer| {
        let plan = fixture.check(answer).unwrap();
        plan.shadows().iter().map(|shadow| shadow.path().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(taken(&answer), [".venv", "a"]);
    // By the link, and where it leads: one directory, hidden once.
    answer.shadow("in");
    assert_eq!(taken(&answer), [".venv", "a"]);
}

#[test]
fn a_path_that_breaks_the_rules_is_refused() {
    all_refused(&[
        (|a| a.hide("/etc"), &["`/etc` is absolute, not relative to the workspace"; 2]),
        (|a| a.hide("../x"), &["`../x` has an empty, `.` or `..` component"; 2]),
        (|a| a.hide("src/../../x"), &["`src/../../x` has an empty, `.` or `..` component"; 2]),
        (|a| a.hide("./src"), &["`./src` has an empty, `.` or `..` component"; 2]),
        (|a| a.hide("a//b"), &["`a//b` has an empty, `.` or `..` component"; 2]),
        (|a| a.hide("a/"), &["`a/` has an empty, `.` or `..` component"; 2]),
        (|a| a.hide("."), &["`.` has an empty, `.` or `..` component"; 2]),
        (|a| a.hide(""), &["`` is the workspace itself"; 2]),
        (|a| a.hide("src\0"), &["`src\\u{0}` has a control character"; 2]),
        (|a| a.hide("a\u{1b}[2Jb"), &["`a\\u{1b}[2Jb` has a control character"; 2]),
        (|a| a.hide("a\nb"), &["`a\\nb` has a control character"; 2]),
    ]);
}

#[test]
fn what_stands_at_a_path_is_seen_by_the_host() {
    all_refused(&[
        (|a| a.hide("missing"), &["`missing` does not exist"]),
        (|a| a.hide("file"), &["`file` is not a directory"]),
        (|a| a.hide("file/x"), &["`file/x` is not a directory"]),
        (|a| a.hide("out"), &["`out` lies behind a link that leaves the workspace"]),
        (|a| a.hide("up"), &["`up` lies behind a link that leaves the workspace"]),
        (|a| a.hide("out/x"), &["`out/x` lies behind a link that leaves the workspace"]),
        (|a| a.hide("self"), &["`self` leads to the workspace itself"]),
        (|a| a.hide("self/self"), &["`self/self` leads to the workspace itself"]),
        (|a| a.hide("dangling"), &["`dangling` is a link that leads nowhere"]),
        (|a| a.hide("x\u{202e}y\u{200b}zz"), &["`x\\u{202e}y\\u{200b}zz` does not exist"]),
    ]);
}

#[test]
fn a_link_is_followed_by_the_host() {
    all_refused(&[
        (
            |a| a.link("out", "src"),
            &[
                "`out` does not lead to `src`",
                "`src` is hidden, but was not found",
                "`out` was found, but is not hidden",
            ],
        ),
        // Else `src` could be hidden in its place, and `.venv` be left to be seen.
        (
            |a| {
                a.findings.environments.clear();
                a.plan.mounts.pop();
                a.link(".venv", "src");
            },
            &[
                "`.venv` does not lead to `src`",
                "`src` is hidden, but was not found",
                "`.venv` was found, but is not hidden",
            ],
        ),
        (
            |a| a.link("in", "../outside"),
            &[
                "`in` does not lead to `../outside`",
                "`../outside` has an empty, `.` or `..` component",
                "`in` was found, but is not hidden",
            ],
        ),
    ]);
}

#[test]
fn two_of_one_and_one_within_another_are_refused() {
    all_refused(&[
        (|a| a.hide(".venv"), &["`.venv` is found twice", "`.venv` is hidden twice"]),
        (
            |a| {
                a.shadow(".venv");
            },
            &["`.venv` is hidden twice"],
        ),
        (
            |a| {
                a.hide("a");
                a.hide("a/b");
            },
            &["`a/b` lies within `a`"],
        ),
        (
            |a| {
                a.hide("a/b");
                a.link("in", "a");
            },
            &["`a/b` lies within `a`"],
        ),
    ]);
}

#[test]
fn the_workspace_is_mounted_once_where_it_is() {
    all_refused(&[
        (|a| drop(a.plan.mounts.remove(0)), &["it mounts the workspace 0 times, not once"]),
        (
            |a| a.plan.mounts.push(a.plan.mounts[0].clone()),
            &["it mounts the workspace 2 times, not once"],
        ),
        (
            |a| a.plan.mounts[0] = wit::Mount::Workspace("/etc".to_owned()),
            &["`/etc` is not where the workspace is to be"],
        ),
        (
            |a| a.plan.mounts[0] = wit::Mount::Workspace("\u{1b}]0;x".to_owned()),
            &["`\\u{1b}]0;x` is not where the workspace is to be"],
        ),
    ]);
}

#[test]
fn no_more_and_no_less_is_hidden_than_was_found_and_asked_for() {
    all_refused(&[
        (
            |a| {
                a.shadow("src");
            },
            &["`src` is hidden, but was not found"],
        ),
        (
            |a| {
                a.find("src");
            },
            &["`src` was found, but is not hidden"],
        ),
        (|a| a.plan.mounts.truncate(1), &["`.venv` was found, but is not hidden"]),
        (
            |a| a.selection = Selection::Off,
            &["`.venv` is hidden, but was not asked for", "`.venv` was found, but is not hidden"],
        ),
        (
            |a| a.listed(&["src"]),
            &[
                "`.venv` is hidden, but was not asked for",
                "`.venv` was found, but is not hidden",
                "`src` was asked for, but is not hidden",
            ],
        ),
        (|a| a.listed(&[".venv", "new"]), &["`new` was asked for, but is not hidden"]),
    ]);
}

#[test]
fn a_shadow_has_the_backing_and_size_that_were_asked_for() {
    const FAULT: &str = "`src` has another backing or size than was asked for";
    let other: [Spoil; 3] = [
        |a| a.shadow("src").backing = wit::Backing::Volume,
        |a| a.shadow("src").size = None,
        |a| a.shadow("src").size = Some(u64::MAX),
    ];
    for spoil in other {
        let fixture = Fixture::new();
        let mut answer = fixture.honest();
        answer.find("src");
        spoil(&mut answer);
        assert!(fixture.check(&answer).unwrap_err().contains(FAULT));
    }
}

#[test]
fn words_and_counts_are_bounded() {
    const MANY: &[&str] = &["it has more than 4096 entries"];
    all_refused(&[
        (|a| (0..5000).for_each(|n| _ = a.find(&n.to_string())), MANY),
        (|a| (0..5000).for_each(|n| _ = a.shadow(&n.to_string())), MANY),
        (|a| a.findings.notes = vec![Answer::note(String::new()); 5000], MANY),
        (|a| a.plan.notes = vec![Answer::note(String::new()); 5000], MANY),
        (
            |a| a.plan.notes = vec![Answer::note("x".repeat(4097))],
            &["it has a note of too great a length"],
        ),
        (
            |a| a.findings.environments[0].reason = "x".repeat(1 << 20),
            &["`.venv` is described at too great a length"],
        ),
        (
            |a| a.findings.environments[0].home = Some("x".repeat(4097)),
            &["`.venv` is described at too great a length"],
        ),
        (
            |a| a.findings.environments[0].python = Some("3".repeat(33)),
            &["`.venv` is described at too great a length"],
        ),
        (
            |a| a.findings.environments[0].kind = wit::Kind::Other("a\u{1b}b".to_owned()),
            &["`.venv` has a kind that is not a word of at most 32 letters"],
        ),
    ]);
}

#[test]
fn all_faults_are_in_one_report_that_stays_short() {
    let fixture = Fixture::new();
    let mut answer = fixture.honest();
    answer.plan.mounts.clear();
    (0..4000).for_each(|n| _ = answer.find(&format!("{}{n}", "x/".repeat(5000))));
    let report = fixture.check(&answer).unwrap_err();
    assert_eq!(report.lines().count(), 22, "{report}");
    assert!(report.len() < 20_000, "{}", report.len());
    assert!(report.contains("...` is longer than 3072 bytes"), "{report}");
    assert!(report.ends_with("\n  - and 3982 more"), "{report}");
}

#[test]
fn foreign_words_are_escaped_in_what_is_taken_too() {
    let fixture = Fixture::new();
    let mut answer = fixture.honest();
    answer.hide("x\u{202e}y\u{200b}z");
    answer.findings.environments[0].reason = "\u{1b}[2J".to_owned();
    answer.findings.environments[0].home = Some("\u{202e}emoh".to_owned());
    answer.plan.notes = vec![wit::Note {
        severity: wit::Severity::Warning,
        path: Some("\u{1b}p".to_owned()),
        message: "a\nerror: b".to_owned(),
    }];
    let picture = fixture.check(&answer).unwrap().to_string();
    for word in ["x\\u{202e}y\\u{200b}z", "\\u{1b}[2J", "\\u{1b}p", "a\\nerror: b"] {
        assert!(picture.contains(word), "{word}: {picture}");
    }
    assert!(!picture.contains(['\u{1b}', '\u{202e}', '\u{200b}']), "{picture}");
}
