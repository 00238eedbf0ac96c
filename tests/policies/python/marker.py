"""What one listing of a directory shows, and what proves an environment."""

import re
from dataclasses import dataclass, field

from wit_world.imports import types

from names import LOCKS, PROJECT, VENV
from paths import join, representable
from pyvenv import LIMIT, Pyvenv, parse
from tree import Broken, NotDirectory, Outside, Unreadable

PYVENV, CONDA = "pyvenv.cfg", "conda-meta"

# Where virtualenv before 20 and Python 2 have the pair of files that mark an environment
# without `pyvenv.cfg`, and what the finding names.
VIRTUALENV = {"bin": "bin/activate", "Scripts": "Scripts/activate"}
ACTIVATE = {"activate", "activate.bat", "activate.ps1"}
PYTHON = re.compile(r"python([0-9.]*|\.exe)")  # and not a script called `python-lint`

CACHE_TAG = "CACHEDIR.TAG"
CACHE_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"


@dataclass
class Evidence:
    """An environment, and how it is known."""

    kind: types.Kind
    reason: str = ""
    pyvenv: Pyvenv = field(default_factory=Pyvenv)


def by_tool(tool):
    return Evidence(types.Kind_Other(tool), "by its name")


class Listing:
    """The entries of a directory: the only look at most directories."""

    def __init__(self, tree, directory):
        self.tree, self.directory = tree, directory
        self.kinds = dict(tree.entries(directory))

    def children(self):
        """The directories and links that can be named in a result."""
        for name, kind in self.kinds.items():
            if kind in ("directory", "link") and representable(name):
                yield name, kind

    def unrepresentable(self):
        """The names of the directories that cannot."""
        kinds = self.kinds.items()
        return [name for name, kind in kinds if kind == "directory" and not representable(name)]

    def has_file(self, name):
        return self.kinds.get(name) == "file"

    def is_project(self):
        return any(self.has_file(name) for name in PROJECT)

    def lock_command(self):
        """The command that makes `.venv` here, for which there is a lock file."""
        return next((command for lock, command in LOCKS.items() if self.has_file(lock)), None)

    def has_venv_file(self):
        return self.has_file(VENV)

    def is_venv_taken(self):
        """Whether `.venv` is anything but a directory, so that no tool can create it."""
        return self.kinds.get(VENV, "directory") != "directory"

    def is_bin(self):
        """Whether this is the `bin` or `Scripts` of an environment."""
        files = [name for name, kind in self.kinds.items() if kind in ("file", "link")]
        return not ACTIVATE.isdisjoint(files) and any(map(PYTHON.fullmatch, files))

    def is_cache(self):
        tag = join(self.directory, CACHE_TAG)
        size = len(CACHE_SIGNATURE)
        return self.has_file(CACHE_TAG) and self.tree.read(tag, size) == CACHE_SIGNATURE

    def evidence(self):
        """The marker that this listing shows."""
        kind = self.kinds.get(PYVENV)
        if kind in ("file", "link"):
            if found := pyvenv_evidence(self.tree, self.directory, kind):
                return found
        kind = self.kinds.get(CONDA)
        if kind == "directory":
            return Evidence(types.Kind_Conda(), CONDA)
        return conda_evidence(self.tree, self.directory) if kind == "link" else None

    def virtualenv_evidence(self):
        """Whether `bin/activate` and `bin/python` make this the environment of an old
        virtualenv."""
        for name, reason in VIRTUALENV.items():
            if self.kinds.get(name) != "directory":
                continue
            try:
                if Listing(self.tree, join(self.directory, name)).is_bin():
                    return Evidence(types.Kind_Venv(), reason)
            except Unreadable:
                pass  # reported when it is walked
        return None


def evidence(tree, directory):
    """Looks for a marker in a directory that was not listed, and is reached without links."""
    found = pyvenv_evidence(tree, directory, "link") or conda_evidence(tree, directory)
    if found:
        return found
    for name, reason in VIRTUALENV.items():
        path = join(directory, name)
        if tree.kind(path) == "directory" and Listing(tree, path).is_bin():
            return Evidence(types.Kind_Venv(), reason)
    return None


def pyvenv_evidence(tree, directory, kind):
    """The evidence of a `pyvenv.cfg`, which is a file or may be a link to one."""
    path = join(directory, PYVENV)
    if kind != "file":
        try:
            place = tree.resolve(directory, PYVENV)
        except Outside:
            # Trees of links into a store have it: nothing else has that name.
            return Evidence(types.Kind_Venv(), PYVENV)
        except (Broken, NotDirectory):
            return None
        if place.kind != "file":
            return None
        path = place.path
    # The file's presence is the marker; an unreadable one only has no details.
    return Evidence(types.Kind_Venv(), PYVENV, parse(tree.read(path, LIMIT)))


def conda_evidence(tree, directory):
    """The evidence of a `conda-meta`, which may be a link to a directory."""
    try:
        if tree.resolve(directory, CONDA).kind == "directory":
            return Evidence(types.Kind_Conda(), CONDA)
    except (Outside, Broken, NotDirectory):
        pass
    return None
