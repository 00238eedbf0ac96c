"""The project as the rules see it: read-only, and links are followed in one place only."""

import errno
import os
import stat
from dataclasses import dataclass

from paths import MAX_PATH, join, representable

MAX_LINKS = 40  # as many as Linux follows in one path

# The names that `wasi:filesystem` has for the errors that a project can bring about.
ERRORS = {
    errno.EACCES: "permission denied",
    errno.EILSEQ: "illegal-byte-sequence",
    errno.EIO: "io",
    errno.ELOOP: "loop",
    errno.ENAMETOOLONG: "name-too-long",
    errno.ENOTDIR: "not-directory",
    errno.EPERM: "permission denied",
}


class Unreadable(Exception):
    """Something that is there cannot be read."""

    def __init__(self, path, error):
        super().__init__(ERRORS.get(error.errno) or str(error.strerror).lower())
        self.path = path


class Broken(Exception):
    """A link leads nowhere; the text says how."""


class Outside(Exception):
    """A link leaves the project, or is absolute and may lead anywhere."""


class NotDirectory(Exception):
    """A component of the path is not a directory, but more follow; the text is its path."""


@dataclass
class Place:
    """Where a path leads once all links are resolved."""

    path: str
    kind: str | None  # None if nothing is there yet
    linked: bool


class Tree:
    def __init__(self, root):
        self.root = root

    def _at(self, path):
        return join(self.root, path) if path else self.root

    def kind(self, path):
        """`directory`, `file`, `link` or `other`; None if nothing is there."""
        try:
            mode = os.lstat(self._at(path)).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Unreadable(path, error)
        if stat.S_ISLNK(mode):
            return "link"
        if stat.S_ISDIR(mode):
            return "directory"
        return "file" if stat.S_ISREG(mode) else "other"

    def entries(self, path):
        """The names in a directory and what each is."""
        try:
            with os.scandir(self._at(path)) as entries:
                return [(entry.name, self._entry_kind(entry)) for entry in entries]
        except FileNotFoundError as error:
            if path:
                return []  # removed since its parent was listed
            raise Unreadable(path, error)
        except OSError as error:
            raise Unreadable(path, error)

    @staticmethod
    def _entry_kind(entry):
        if entry.is_symlink():
            return "link"
        if entry.is_dir(follow_symlinks=False):
            return "directory"
        return "file" if entry.is_file(follow_symlinks=False) else "other"

    def read(self, path, limit):
        """The first bytes of a regular file; nothing if it cannot be read."""
        try:
            with open(self._at(path), "rb") as file:
                return file.read(limit)
        except OSError:
            return b""

    def _link(self, path):
        try:
            return os.readlink(self._at(path))
        except OSError as error:
            if error.errno == errno.EPERM:
                return "/"  # how wasi:filesystem refuses to read an absolute link
            raise Unreadable(path, error)

    def resolve(self, base, path):
        """Follows `path` below `base` name by name.

        Hosts differ in how they follow a link out of a project; asking for one name at a
        time leaves nothing to differ in.
        """
        place = self._follow(base, path)
        if place.linked and not representable(place.path):
            raise Broken("leads to a path with a control character")
        if place.linked and len(place.path.encode()) > MAX_PATH:
            raise Broken("leads to a path longer than 3072 bytes")
        return place

    def _follow(self, base, path):
        here, kind, links = base, "directory", 0
        # The next name is the last one; those from a link come before the rest of the path.
        rest, from_links = path.split("/")[::-1], []
        while rest or from_links:
            from_link = bool(from_links)
            name = from_links.pop() if from_link else rest.pop()
            if kind != "directory":
                if links:
                    raise Broken("is a dangling link")
                raise NotDirectory(here)
            if name in ("", "."):
                continue
            if name == "..":
                if not here:
                    raise Outside
                here = here.rpartition("/")[0]
                continue
            step = join(here, name)
            kind = self.kind(step)
            if kind is None:
                if from_link:
                    raise Broken("is a dangling link")
                return Place("/".join([step, *reversed(rest)]), None, links > 0)
            if kind != "link":
                here = step
                continue
            kind = "directory"
            links += 1
            if links > MAX_LINKS:
                raise Broken("is a link that leads in a circle")
            text = self._link(step)
            if text.startswith("/"):
                raise Outside
            from_links.extend(text.split("/")[::-1])
        return Place(here, kind, links > 0)
