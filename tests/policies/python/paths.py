"""Paths as the interface has them: relative, `/`-separated, representable."""

import re

MAX_PATH = 3072  # bytes of the longest path that the interface allows

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
PLAIN = re.compile(r"[A-Za-z0-9._/+@%-]*")


def fault(path):
    """What is wrong with a path by the rules of the package documentation."""
    if not path:
        return "is empty"
    if is_too_long(path):
        return f"is longer than {MAX_PATH} bytes"
    if path.startswith("/"):
        return "is absolute; it must be relative to the project"
    if not representable(path):
        return "holds a control character"
    for component in path.split("/"):
        if not component:
            return "has an empty component"
        if component in (".", ".."):
            return "has a component `.` or `..`"
    return None


def is_too_long(path):
    return len(path.encode()) > MAX_PATH


def representable(text):
    """Whether a name or path may occur in a result."""
    return not CONTROL.search(text)


def shown(text):
    """The text with control characters escaped, as messages show it."""
    return CONTROL.sub(lambda found: f"\\u{{{ord(found[0]):x}}}", text)


def join(directory, name):
    """`name` below `directory`, where the empty one is the root."""
    return f"{directory}/{name}" if directory else name


def parent(path):
    """The directory that a path lies in; empty for one in the root."""
    return path.rpartition("/")[0]


def last(path):
    """The last component of a path."""
    return path.rpartition("/")[2]


def parents(path):
    """The directories above a path, outermost first, without the root."""
    return [path[:end] for end, c in enumerate(path) if c == "/"]


def is_within(path, directory):
    """Whether a path is `directory`, or lies in it."""
    return path == directory or path.startswith(directory + "/")


def quoted(path):
    """A path as one word of a shell command."""
    return path if PLAIN.fullmatch(path) else "'" + path.replace("'", "'\\''") + "'"
