"""What pyvenv.cfg tells: the version of Python, and the directory it was made from."""

import re
from dataclasses import dataclass

from tree import sayable

LIMIT = 64 * 1024  # enough for any pyvenv.cfg that a tool wrote
MAX_HOME = 4096

# What Unicode calls white space. `str.strip` takes four control characters as well.
SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
KEY = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


@dataclass
class Pyvenv:
    python: str | None = None
    home: str | None = None


def parse(data):
    if len(data) == LIMIT:
        # The last line may have been cut; half a value is a wrong one.
        data = data[: max(data.rfind(b"\n"), 0)]
    values = {}
    for line in data.decode("utf-8", "replace").removeprefix("\ufeff").split("\n"):
        key, equals, value = line.partition("=")
        if equals:
            values[key.strip(SPACE).translate(KEY)] = value.strip(SPACE)
    python = release(values.get("version", "")) or release(values.get("version_info", ""))
    return Pyvenv(python, directory(values.get("home", "")))


def directory(value):
    # A byte that was not UTF-8 was replaced: the path would be another one.
    sane = sayable(value) and "\ufffd" not in value and len(value.encode()) <= MAX_HOME
    return value if value and sane else None


def release(value):
    """`3.11.7` of `3.11.7.final.0`, `3.13.0` of `3.13.0rc1`, `3.14` of `3.14t`."""
    major, minor, patch, *_ = value.split(".") + ["", ""]
    patch = number(patch)
    major, minor = number(major, whole=True), number(minor, whole=bool(patch))
    return ".".join(filter(None, [major, minor, patch])) if major and minor else None


def number(part, whole=False):
    """The digits that a part begins with, or is made of if it is `whole`; at most four."""
    found = re.match(r"[0-9]+", part)
    digits = found[0] if found else ""
    return digits if len(digits) <= 4 and not (whole and digits != part) else ""
