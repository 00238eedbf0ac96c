"""Which directories to hide: each with its path, what it is, and why it was found."""

import os

NAME = "build"
PROJECT = ("pyproject.toml", "setup.py")


def auto(root, also=(), excepted=()):
    """`build` and what the person adds, without the exceptions; and notes for the person."""
    build, notes = _build(root)
    found = {finding[0]: finding for finding in listed(root, also) + build}
    return [found[path] for path in sorted(found) if not _is_within(path, excepted)], notes


def listed(root, paths):
    """Exactly these directories, sorted, whether or not they exist."""
    return [(path, _kind(root, path, "unmarked"), "listed") for path in sorted(paths)]


def _build(root):
    """`build`, if it is beside a file of setuptools."""
    beside = [name for name in PROJECT if os.path.isfile(f"{root}/{name}")]
    if not beside:
        return [], []
    if os.path.islink(f"{root}/{NAME}"):
        return [], [(NAME, "is a link and is not hidden")]
    return [(NAME, _kind(root, NAME, "built"), f"beside {beside[0]}")], []


def _kind(root, path, kind):
    """A directory that does not exist yet is reserved: paude creates it as a mount point, and
    removes it afterwards."""
    return kind if os.path.isdir(f"{root}/{path}") else "reserved"


def _is_within(path, directories):
    return any(f"{path}/".startswith(f"{directory}/") for directory in directories)
