//! A project with every kind of file and link that a policy could misreport.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::deadline::Deadline;
use crate::wit;
use crate::workspace::Workspace;

/// The paths in generated results; some of them break the rules for paths.
pub(super) const PATHS: [&str; 37] = [
    ".venv",
    "a/.venv",
    "a/b/venv",
    ".conda",
    "plain",
    "plain/sub",
    "new",
    "new/deep/er",
    "plain/new",
    "inside",
    "a/inside",
    "abs",
    "abs-plain",
    "up",
    "away",
    "conda-up",
    "around",
    "dot",
    "dangling",
    "dangling/x",
    "loop",
    "dirlink/.venv",
    "dirlink/b/venv",
    "dirlink/new",
    "file",
    "file/x",
    ".venv/inner",
    "a",
    "self/.venv",
    "missing-link/x",
    "",
    ".",
    "..",
    "/etc",
    "a//.venv",
    ".venv/",
    "a\nb",
];

/// The correct findings: the path, its kind, and for a link the path it leads to (`=` for a link
/// out of the root).
pub(super) const CORRECT: [(&str, wit::Kind, &str); 18] = [
    (".venv", wit::Kind::Venv, ""),
    ("a/.venv", wit::Kind::Venv, ""),
    ("a/b/venv", wit::Kind::Venv, ""),
    (".conda", wit::Kind::Conda, ""),
    ("plain", wit::Kind::Unmarked, ""),
    ("plain/sub", wit::Kind::Unmarked, ""),
    ("new", wit::Kind::Reserved, ""),
    ("new/deep/er", wit::Kind::Reserved, ""),
    ("plain/new", wit::Kind::Reserved, ""),
    ("inside", wit::Kind::Venv, ".venv"),
    ("a/inside", wit::Kind::Venv, ".venv"),
    ("abs", wit::Kind::Unseen, "="),
    ("abs-plain", wit::Kind::Unseen, "="),
    ("up", wit::Kind::Unseen, "="),
    ("around", wit::Kind::Unseen, "="),
    ("dirlink/.venv", wit::Kind::Venv, "a/.venv"),
    ("dirlink/b/venv", wit::Kind::Venv, "a/b/venv"),
    ("dirlink/new", wit::Kind::Reserved, "a/new"),
];

/// A deadline that no check of this project needs.
pub(super) fn deadline() -> Deadline {
    Deadline::after(std::time::Duration::from_secs(60))
}

/// The project, with an open workspace.
pub(super) struct ProjectFixture {
    pub(super) root: PathBuf,
    pub(super) workspace: Workspace,
}

impl ProjectFixture {
    /// Creates the project in cargo's output directory, where later processes reuse it.
    pub(super) fn get() -> &'static Self {
        static FIXTURE: OnceLock<ProjectFixture> = OnceLock::new();
        FIXTURE.get_or_init(|| {
            let base = Path::new(env!("OUT_DIR")).join("properties");
            let root = base.join("around/project");
            create(&base, &root);
            let root = root.canonicalize().expect("just created");
            Self { workspace: Workspace::open(&root).expect("just created"), root }
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "creates a project to check plans against")]
fn create(base: &Path, root: &Path) {
    let directories = [
        "a/b",
        "plain/sub",
        ".conda/conda-meta",
        ".venv/inner",
        "a/.venv",
        "a/b/venv",
        "x\ny/.venv",
    ];
    for path in directories {
        fs::create_dir_all(root.join(path)).expect("a directory");
    }
    for path in ["outside/venv", "outside/plain", "outside/conda/conda-meta"] {
        fs::create_dir_all(base.join(path)).expect("a directory");
    }
    let markers = [".venv", "a/.venv", "a/b/venv", "x\ny/.venv", "../../outside/venv", ".."];
    for path in markers {
        fs::write(root.join(path).join("pyvenv.cfg"), "version = 3.12.1\n").expect("a file");
    }
    fs::write(root.join("file"), "").expect("a file");
    let (abs, plain) = (root.join(".venv"), root.join("plain"));
    let links: [(&str, &str); 14] = [
        (".venv", "inside"),
        ("../.venv", "a/inside"),
        (abs.to_str().expect("UTF-8"), "abs"),
        (plain.to_str().expect("UTF-8"), "abs-plain"),
        ("../../outside/venv", "up"),
        ("../../outside/plain", "away"),
        ("../../outside/conda", "conda-up"),
        ("..", "around"),
        (".", "dot"),
        (".", "self"),
        ("nowhere", "dangling"),
        ("loop", "loop"),
        ("a", "dirlink"),
        ("x\ny/.venv", "missing-link"),
    ];
    for (target, name) in links {
        let _ = symlink(target, root.join(name));
        let actual = fs::read_link(root.join(name)).expect("a link");
        assert_eq!(actual, Path::new(target), "outdated fixture: remove {}", base.display());
    }
}
