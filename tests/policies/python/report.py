"""What was found so far, and the order in which it is returned."""

from wit_world.imports import types

from names import LOCKS, USUAL, VENV
from paths import MAX_PATH, is_within, join, parent, shown

MAX_NOTES = 100  # more than a user reads; the rest is counted


class Report:
    """Collects in any order; returns it sorted."""

    def __init__(self):
        self.found = []
        self.notes = []
        self.implementations = {}  # by the path of an environment that is not plain CPython's
        self.links = []  # paths that are links, if they are environments at all
        self.open = []  # what the user wants to stay open

    # Findings.

    def environment(self, path, target, evidence):
        """Adds an environment at `path`, which is a link if it leads to a `target`."""
        pyvenv = evidence.pyvenv
        if pyvenv.implementation:
            self.implementations[path] = pyvenv.implementation
        link = None if target is None else types.Link_Inside(target)
        self.found.append(
            types.Finding(path, evidence.kind, pyvenv.python, pyvenv.home, link, evidence.reason)
        )

    def outside(self, path, reason):
        """A link that only the host can follow."""
        link = types.Link_Outside()
        self.found.append(types.Finding(path, types.Kind_Unseen(), None, None, link, reason))

    def drop_within(self, directory):
        """Drops the findings in a directory that is to stay open, and those for the same
        directories under other names; returns how many."""
        before = len(self.found)
        in_it = {
            target(finding)
            for finding in self.found
            if is_within(finding.path, directory) or is_within(target(finding), directory)
        }
        self.found = [finding for finding in self.found if target(finding) not in in_it]
        self.open.append(directory)
        return before - len(self.found)

    def found_around(self, path):
        """The outermost finding in which `path` lies."""
        outer = [target(finding) for finding in self.found if is_within(path, target(finding))]
        return min(outer, default=None)

    def is_empty(self):
        """Whether no environment was found; a reserved directory is none."""
        return all(isinstance(finding.kind, types.Kind_Reserved) for finding in self.found)

    def has_environment_in(self, project):
        """Whether an environment that a tool makes in a project would not be a new one: it is
        there, is reserved, or is to stay open."""
        venv = join(project.path, VENV)
        if any(is_within(venv, directory) for directory in self.open):
            return True
        for finding in self.found:
            if is_within(venv, finding.path):
                return True
            if parent(finding.path) != project.path:
                continue
            by_pdm = project.command == LOCKS["pdm.lock"]
            if by_pdm and finding.kind == types.Kind_Other("pep582"):
                return True
            if not project.command and not is_tool_dir(finding):
                return True
        return False

    # Notes.

    def warn_open(self, path, message):
        """Warns about an environment of the host that the container sees."""
        self.note(0, path, message)

    def warn(self, path, message):
        self.note(1, path, message)

    def advise(self, path, message):
        """Warns about an environment that does not exist yet."""
        self.note(2, path, message)

    def info(self, path, message):
        self.note(3, path, message)

    def note(self, rank, path, message):
        severity = types.Severity.INFO if rank == 3 else types.Severity.WARNING
        # The root is not a path: a note about it has none.
        self.notes.append((rank, types.Note(severity, path or None, shown(message))))

    def unread(self, path, error):
        self.warn(path, f"cannot be read ({error}); an environment there is not hidden")

    def unrepresentable(self, directory, names):
        """Warns once for the whole directory about the names that could not be looked at."""
        if names:
            skipped = "a name was" if len(names) == 1 else f"{len(names)} names were"
            why = "not UTF-8, or with a control character; an environment there is not hidden"
            self.warn(directory, f"{skipped} skipped, such as `{min(names)}`: {why}")

    def not_walked(self, walk, depth):
        """Reports how much of the project a walk left out, and by which bound."""
        for note, count, bound in (
            (self.info, walk.too_deep, f": more than {depth} deep (`depth`)"),
            (self.info, walk.skipped, " (`skip`)"),
            (self.warn, walk.too_long, f": with a path longer than {MAX_PATH} bytes"),
        ):
            if count:
                what = "1 directory was" if count == 1 else f"{count} directories were"
                note("", f"{what} not searched for environments{bound}")

    # The result.

    def finish(self, hide, listed=()):
        """The result; with `hide` unset, the findings are only reported."""
        first = None
        if listed:
            at_first = [target(finding) for finding in self.found if finding.path == listed[0]]
            first = at_first[0] if at_first else listed[0]
        environments = self.sorted_findings()
        primary = primary_of(environments, first)
        if not hide:
            for finding in environments:
                # What lies outside is not in the container at all.
                if not isinstance(finding.kind, types.Kind_Unseen):
                    what = f"an environment of the host ({finding.reason})"
                    self.warn_open(finding.path, f"{what} is not hidden: the container sees it broken")
            environments, primary = [], None
        hidden = {finding.path for finding in environments}
        for link in self.links:
            if link in hidden:
                what = "is a link: `python -m venv` refuses to make an environment there, uv and"
                self.info(link, f"{what} virtualenv do not")
        if name := self.implementations.get(primary):
            what = f"was made with {name}; the default image has plain CPython"
            self.info(primary, f"{what}: name another with `--image`")
        return types.Findings(environments, primary, self.sorted_notes())

    def sorted_findings(self):
        """The findings sorted, and one of several for the same directory."""
        by_path = {}
        for finding in self.found:
            # Of two for one path, the first was found and not only listed.
            by_path.setdefault(finding.path, finding)
        seen = {path for path, finding in by_path.items() if finding.link is None}
        found = []
        for _, finding in sorted(by_path.items()):
            if isinstance(finding.link, types.Link_Inside):
                if finding.link.value in seen:
                    continue
                seen.add(finding.link.value)
            found.append(finding)
        return found

    def sorted_notes(self):
        """By rank, so that many notes of little importance leave room for the others; then by
        path: an order which that of a listing cannot change."""
        warning = types.Severity.WARNING
        unique = {(rank, it.path or "", it.message): it for rank, it in self.notes}
        notes = [note for _, note in sorted(unique.items())]
        more = len(notes) - MAX_NOTES
        if more > 0:
            rest = types.Note(warning, None, f"{more} more notes are not shown")
            notes = [*notes[:MAX_NOTES], rest]
        return notes


def primary_of(found, listed):
    """The path of the environment whose `bin` comes first on PATH: the first that was listed,
    else the one in the root whose name is the most usual, else the only one there."""
    for path in USUAL if listed is None else [listed]:
        for finding in found:
            if path in (finding.path, target(finding)):
                return finding.path
    in_root = [one.path for one in found if "/" not in one.path and not is_tool_dir(one)]
    return in_root[0] if listed is None and len(in_root) == 1 else None


def is_tool_dir(finding):
    """Whether it is a directory in which a tool keeps environments."""
    return isinstance(finding.kind, types.Kind_Other)


def target(finding):
    """The directory that a finding hides."""
    return finding.link.value if isinstance(finding.link, types.Link_Inside) else finding.path
