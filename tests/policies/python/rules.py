"""Which directories of a project are bound to the machine that made them."""

from wit_world.imports import types

import pyvenv
from tree import Broken, NotDirectory, Outside, Unreadable, join, sayable

VENV, CONDA = "pyvenv.cfg", "conda-meta"

# What people call an environment. `.env` is often a file of settings.
CANDIDATES = {".venv", "venv", ".virtualenv", "env", ".env"}
# A tool's own directory: below it, at this path, each child may be an environment.
HOLDERS = {".tox": ("tox", ""), ".nox": ("nox", ""), ".pixi": ("pixi", "envs")}
SKIPPED = {".git", "node_modules", "__pycache__"}

MAX_NOTES = 100  # more than a person reads; the rest is counted


class Refused(Exception):
    """The question cannot be answered."""


class Rules:
    def __init__(self, tree):
        self.tree = tree
        self.found = []
        self.notes = []
        self.strangers = []  # environments whose names say nothing, and their markers

    # What is found.

    def auto(self, depth):
        """Looks in the root and in the projects at most `depth` directories below it."""
        pending = [("", 0)]
        while pending:
            directory, level = pending.pop()
            try:
                entries = self.tree.entries(directory)
            except Unreadable as error:
                if not directory:
                    raise
                self.unread(directory, error)
                continue
            deeper = level < depth
            marked = any(name in (VENV, CONDA) for name, _ in entries)
            if marked and self.stranger(directory):
                if directory:
                    continue
                # What else is in it belongs to the environment that the root is.
                deeper = False
            if deeper:
                self.unsayable(directory, entries)
            for name, kind in entries:
                if sayable(name) and self.child(directory, name, kind) and deeper:
                    pending.append((join(directory, name), level + 1))

    def child(self, directory, name, kind):
        """Looks at one entry; true if it may be a project to walk into."""
        path, is_directory = join(directory, name), kind == "directory"
        if kind not in ("directory", "link") or name in (VENV, CONDA) or name in SKIPPED:
            return False
        if name in CANDIDATES:
            found = self.candidate(directory, name, kind, "")
            return is_directory and not found and not name.startswith(".")
        if name in HOLDERS:
            if is_directory:
                self.held(path, *HOLDERS[name])
            return False
        if name.startswith("."):
            if is_directory:
                self.stranger(path)
            return False
        return is_directory

    def candidate(self, directory, name, kind, tool):
        """Looks at a place where an environment is expected; true if one is there."""
        path = join(directory, name)
        try:
            target = path
            if kind == "link":
                place = self.tree.resolve(directory, name)
                if place.kind != "directory":
                    return False
                target = place.path
            found = self.evidence(target)
        except Outside:
            self.outside(path, "link out of the project")
            return True
        except Broken as how:
            self.warn(path, str(how))
            return False
        except Unreadable as error:
            self.unread(path, error)
            return False
        if not found:
            return False
        if not target:
            self.warn(path, "leads to the project directory itself, which cannot be hidden")
            return False
        finding, marker = found
        finding.reason = f"{marker}, {tool} environment" if tool else marker
        self.add(finding, path, target if kind == "link" else None)
        return True

    def held(self, holder, tool, below):
        """Looks at each child of a tool's directory."""
        directory = join(holder, below) if below else holder
        try:
            if below and self.tree.kind(directory) != "directory":
                return
            entries = self.tree.entries(directory)
        except Unreadable as error:
            return self.unread(directory, error)
        self.unsayable(directory, entries)
        for name, kind in entries:
            if sayable(name) and kind in ("directory", "link") and name not in (VENV, CONDA):
                self.candidate(directory, name, kind, tool)

    def stranger(self, directory):
        """Remembers a directory that is an environment by no known name; true if so."""
        try:
            found = self.evidence(directory)
        except Unreadable as error:
            self.unread(directory, error)
            return False
        if found and directory:
            self.strangers.append((directory, found[1]))
        elif found:
            what = "the project directory is itself an environment; it cannot be hidden"
            self.warn(directory, what)
        return bool(found)

    def evidence(self, directory):
        """Looks for a marker in a directory that is reached without links."""
        try:
            place = self.tree.resolve(directory, VENV)
            if place.kind == "file":
                told = pyvenv.parse(self.tree.read(place.path, pyvenv.LIMIT))
                return self.finding(types.Kind_Venv(), told), VENV
        except Outside:
            # Trees of links into a store have it: nothing else bears that name.
            return self.finding(types.Kind_Venv()), VENV
        except (Broken, NotDirectory):
            pass
        try:
            if self.tree.resolve(directory, CONDA).kind == "directory":
                return self.finding(types.Kind_Conda()), CONDA
        except (Outside, Broken, NotDirectory):
            pass
        return None

    # What was listed.

    def listed(self, names):
        """Looks at each directory that was named, and refuses what cannot be hidden."""
        for path in names:
            if fault := path_fault(path):
                raise refused(path, fault)
        paths = sorted(set(names))
        for path in paths:
            parts = path.split("/")
            for outer in ("/".join(parts[:n]) for n in range(1, len(parts))):
                if outer in paths:
                    raise refused(path, f"lies within `{outer}`, which is listed too")
        for path in paths:
            self.one(path)

    def one(self, path):
        try:
            place = self.tree.resolve("", path)
        except Unreadable as error:
            error.path = path
            raise
        except Outside:
            return self.outside(path, "listed")
        except Broken as how:
            return self.warn(path, f"{how}; nothing is hidden there")
        except NotDirectory as file:
            raise refused(path, f"lies below `{file}`, which is no directory")
        finding, reason = self.finding(types.Kind_Reserved()), "listed"
        if place.kind is None:
            self.info(path, "does not exist yet; its place is reserved")
        elif not place.path:
            raise refused(path, "leads to the project directory itself")
        elif place.kind == "file":
            raise refused(path, "is a file, not a directory")
        elif place.kind != "directory":
            raise refused(path, "is not a directory")
        elif found := self.evidence(place.path):
            finding, reason = found[0], f"listed, {found[1]}"
        else:
            finding = self.finding(types.Kind_Unmarked())
            self.info(path, "holds no environment, but is hidden as listed")
        finding.reason = reason
        self.add(finding, path, place.path if place.linked else None)

    # What is answered.

    @staticmethod
    def finding(kind, told=pyvenv.Pyvenv()):
        return types.Finding("", kind, told.python, told.home, None, "")

    def add(self, finding, path, target):
        finding.path = path
        finding.link = types.Link_Inside(target) if target is not None else None
        self.found.append(finding)

    def outside(self, path, reason):
        """A link that only the host can follow."""
        link = types.Link_Outside()
        self.found.append(types.Finding(path, types.Kind_Unseen(), None, None, link, reason))

    def info(self, path, message):
        self.note(types.Severity.INFO, path, message)

    def warn(self, path, message):
        self.note(types.Severity.WARNING, path, message)

    def note(self, severity, path, message):
        # The root is not a path: a note about it has none.
        self.notes.append(types.Note(severity, path or None, shown(message)))

    def unread(self, path, error):
        self.warn(path, f"cannot be read ({error}); an environment there is not hidden")

    def unsayable(self, directory, entries):
        """Says once for the whole directory what could not be looked at."""
        names = [name for name, kind in entries if kind == "directory" and not sayable(name)]
        if names:
            skipped = "a name was" if len(names) == 1 else f"{len(names)} names were"
            why = "not UTF-8, or with a control character; an environment there is not hidden"
            self.warn(directory, f"{skipped} skipped, such as `{min(names)}`: {why}")

    def united(self):
        """The findings sorted, and one of several for the same directory."""
        found = sorted(self.found, key=lambda finding: finding.path)
        seen = {finding.path for finding in found if finding.link is None}
        for finding in found:
            if (target := inside(finding)) is None or target not in seen:
                seen.add(target)
                yield finding

    def answer(self, hide):
        """With `hide` unset, the findings are only told."""
        found = list(self.united())
        linked = {inside(finding) for finding in found}
        for path, marker in self.strangers:
            if path not in linked:
                how = "under a name of its own is not hidden; list it to hide it"
                self.warn(path, f"an environment ({marker}) {how}")
        if not hide:
            for finding in found:
                # What lies outside is not in the container at all.
                if not isinstance(finding.kind, types.Kind_Unseen):
                    what = f"an environment of the host ({finding.reason})"
                    self.warn(finding.path, f"{what} is not hidden: the container sees it broken")
            found = []
        # Warnings first, then by path: what a listing's order cannot change.
        warning = types.Severity.WARNING
        self.notes.sort(key=lambda it: (it.severity != warning, it.path or "", it.message))
        more = len(self.notes) - MAX_NOTES
        if more > 0:
            del self.notes[MAX_NOTES:]
            self.warn("", f"{more} more notes are not shown")
        return types.Findings(found, self.notes)


def inside(finding):
    """Where a finding leads, if it is a link to the inside."""
    return finding.link.value if isinstance(finding.link, types.Link_Inside) else None


def path_fault(path):
    """Says what is wrong with a path by the rules of the package documentation."""
    if not path:
        return "is empty"
    if path.startswith("/"):
        return "is absolute; it must be relative to the project"
    if not sayable(path):
        return "holds a control character"
    parts = path.split("/")
    if "" in parts:
        return "has an empty component"
    return "has a component `.` or `..`" if "." in parts or ".." in parts else None


def shown(text):
    """The text with control characters spelled out, fit for a message."""
    return "".join(c if sayable(c) else f"\\u{{{ord(c):x}}}" for c in text)


def refused(path, fault):
    return Refused(f"listed directory `{shown(path)}` {fault}")
