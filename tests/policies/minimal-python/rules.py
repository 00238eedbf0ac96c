"""Which directories to hide: each with its path, what it is, and why it was found."""

import os

NAME = "build"
PROJECT = ("pyproject.toml", "setup.py")


def auto(root):
    """`build` beside a file of setuptools, and what the person should know of it."""
    beside = [name for name in PROJECT if os.path.isfile(f"{root}/{name}")]
    if not beside:
        return [], []
    if os.path.islink(f"{root}/{NAME}"):
        return [], [(NAME, "is a link and is not hidden")]
    return [(NAME, _kind(root, NAME, "built"), f"beside {beside[0]}")], []


def listed(root, paths):
    """Exactly these directories, sorted, whether or not they exist."""
    return [(path, _kind(root, path, "unmarked"), "listed") for path in sorted(paths)]


def _kind(root, path, kind):
    """What does not exist yet is reserved: made as a mount point, and removed afterwards."""
    return kind if os.path.isdir(f"{root}/{path}") else "reserved"
