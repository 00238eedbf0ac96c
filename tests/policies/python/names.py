"""The names that mean something. `guest/src/detect/names.rs` has the same tables."""

from paths import last

# Nothing else is called so: a directory of this name is an environment whatever it holds.
VENV = ".venv"

# What people call an environment, the most usual first.
USUAL = (VENV, "venv", ".virtualenv", "env", ".env")

# Files beside which a tool always makes `.venv`, each with the command that does it.
LOCKS = {"uv.lock": "uv sync", "pdm.lock": "pdm install"}

# Files that make a directory the root of a Python project.
PROJECT = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "Pipfile",
    "uv.lock",
    "environment.yml",
)

# Never walked: there is no project in them, and they can be huge.
SKIPPED = {".git", ".hg", ".svn", "node_modules", "__pycache__"}

TOOL_DIRS = {".tox": "tox", ".nox": "nox", ".hatch": "hatch", "__pypackages__": "pep582"}


def tool_of(parent, name):
    """The tool that keeps environments in the directory `name` of `parent`, if one does."""
    if name == "envs" and last(parent) == ".pixi":
        return "pixi"
    return TOOL_DIRS.get(name)
