//! One project with everything in it that a policy could be wrong about.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::wit;
use crate::workspace::Workspace;

/// What the answers are about; also spelled so that some are wrong.
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

/// What an honest policy says: the path, what it is, and where it leads, if it is a link
/// (`=` stands for out of the root).
pub(super) const HONEST: [(&str, wit::Kind, &str); 18] = [
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

/// The project, opened.
pub(super) struct Fixture {
    pub(super) root: PathBuf,
    pub(super) workspace: Workspace,
}

impl Fixture {
    /// Made where cargo builds, and left there for the next process.
    pub(super) fn get() -> &'static Self {
        static FIXTURE: OnceLock<Fixture> = OnceLock::new();
        FIXTURE.get_or_init(|| {
            let base = Path::new(env!("OUT_DIR")).join("oracle");
            let root = base.join("around/project");
            make(&base, &root);
            let root = root.canonicalize().expect("just made");
            Self { workspace: Workspace::open(&root).expect("just made"), root }
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "arranges a project to check plans against")]
fn make(base: &Path, root: &Path) {
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
    for (to, name) in links {
        let _ = symlink(to, root.join(name));
        let made = fs::read_link(root.join(name)).expect("a link");
        assert_eq!(made, Path::new(to), "an older one: remove {}", base.display());
    }
}
