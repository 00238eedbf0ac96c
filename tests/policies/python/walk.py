"""`auto`: a marker makes an environment, whatever its name and wherever it lies."""

from dataclasses import dataclass
from math import inf

from wit_world.imports import types

from marker import Evidence, Listing, by_tool, evidence
from names import SKIPPED, USUAL, VENV, tool_of
from paths import is_too_long, join, last
from tree import Broken, NotDirectory, Outside, Unreadable


@dataclass
class Project:
    """A directory in which a tool would make an environment."""

    path: str
    command: str | None  # the command that makes `.venv` in it, where the tool is known


class Walk:
    """Walks the whole project, within the bounds of the query."""

    def __init__(self, tree, query, report):
        self.tree, self.report = tree, report
        self.skip = set(query.skip)
        self.depth = inf if query.depth is None else query.depth
        self.root_is_environment = False
        self.pending = []
        self.projects = []
        self.too_deep = self.skipped = self.too_long = 0

    def run(self):
        """Returns the directories in which tools would make environments."""
        depth = self.depth
        self.visit("", 0, Listing(self.tree, ""))
        while self.pending:
            directory, level, leaf = self.pending.pop()
            try:
                listing = Listing(self.tree, directory)
            except Unreadable as error:
                # The name alone decides, and to hide it nothing has to be read.
                if last(directory) == VENV:
                    self.found_by_name(directory)
                else:
                    self.report.unread(directory, error)
            else:
                self.visit(directory, level, listing, leaf)
        self.report.not_walked(self, depth)
        return self.projects

    def visit(self, directory, level, listing, leaf=False):
        """Looks at a directory that has been listed: it is an environment or, unless it is a
        leaf, may hold some."""
        found = None
        try:
            found = listing.evidence()
        except Unreadable as error:
            self.report.unread(directory, error)
        found = found or listing.virtualenv_evidence()
        if found and directory:
            return self.report.environment(directory, None, found)
        if found:
            what = "the project directory is itself an environment; it cannot be hidden"
            self.report.warn("", what)
            # What else is in it belongs to that environment.
            self.root_is_environment, self.depth = True, 0
        elif last(directory) == VENV:
            return self.found_by_name(directory)
        elif leaf:
            return None
        # direnv, tox and nox tag the directory in which they keep environments as a cache.
        leaves = bool(directory) and listing.is_cache()
        if not found and not leaves:
            self.project(directory, level, listing)
        if level <= self.depth:
            self.report.unrepresentable(directory, listing.unrepresentable())
        for name, kind in listing.children():
            self.child(directory, name, kind, level, leaves)

    def child(self, directory, name, kind, level, leaf):
        path, tool = join(directory, name), tool_of(directory, name)
        if is_too_long(path):
            self.too_long += kind == "directory"
        elif name in SKIPPED:
            pass
        elif kind == "link":
            self.link(directory, name, tool)
        elif tool and level <= self.depth:
            self.report.environment(path, None, by_tool(tool))
        # Children of the deepest projects are still looked at: they may be environments.
        elif level > self.depth:
            self.too_deep += not self.root_is_environment
        elif name != VENV and (name in self.skip or path in self.skip):
            self.skipped += 1
        else:
            self.pending.append((path, level + 1, leaf))

    def found_by_name(self, directory):
        self.report.environment(directory, None, Evidence(types.Kind_Unmarked(), VENV))

    def project(self, directory, level, listing):
        """Remembers that a tool would make an environment here."""
        if listing.has_venv_file():
            what = "is a file: uv takes it for the path of an environment elsewhere, which is not"
            self.report.info(join(directory, VENV), f"{what} in the container")
        if listing.is_venv_taken():
            return
        command = listing.lock_command()
        if level <= self.depth and (command or not directory and listing.is_project()):
            self.projects.append(Project(directory, command))

    def link(self, directory, name, tool):
        """Looks at where a link leads; it is never walked through. Only links with a usual
        name, or that of a tool's directory, are reported where that cannot be seen."""
        path = join(directory, name)
        expected = name in USUAL or tool
        try:
            place = self.tree.resolve(directory, name)
        except Outside:
            if expected:
                self.report.outside(path, "link out of the project")
        except Broken as how:
            if expected:
                self.report.warn(path, str(how))
        except Unreadable as error:
            if expected:
                self.report.unread(path, error)
        except NotDirectory:
            pass
        else:
            if place.kind == "directory":
                self.linked_directory(path, place.path, name, tool)

    def linked_directory(self, path, target, name, tool):
        try:
            found = by_tool(tool) if tool else evidence(self.tree, target)
        except Unreadable as error:
            return self.report.unread(path, error)
        if not found and name == VENV and target:
            found = Evidence(types.Kind_Unmarked(), VENV)
        if found and not target:
            what = "leads to the project directory itself, which cannot be hidden"
            self.report.warn(path, what)
        elif found:
            self.report.links.append(path)
            self.report.environment(path, target, found)
