"""What pyvenv.cfg says: the version, directory and implementation of the interpreter."""

import re
from dataclasses import dataclass

from paths import representable

LIMIT = 64 * 1024  # enough for any pyvenv.cfg that a tool wrote
MAX_HOME = 4096  # longer than any path that a system opens

# What Unicode calls white space. `str.strip` takes four control characters as well.
SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


@dataclass
class Pyvenv:
    python: str | None = None
    home: str | None = None
    implementation: str | None = None  # if it is not plain CPython


def parse(data):
    """Reads what can be read; a line or a value that makes no sense is ignored."""
    if len(data) == LIMIT:
        # The last line may have been cut; half a value is a wrong one.
        data = data[: max(data.rfind(b"\n"), 0)]
    values = {}
    for line in data.decode("utf-8", "replace").removeprefix("\ufeff").split("\n"):
        key, equals, value = line.partition("=")
        if equals:
            # As in Python, the last line with a key wins.
            values[key.strip(SPACE).translate(LOWER)] = value.strip(SPACE)
    python = release(values.get("version", "")) or release(values.get("version_info", ""))
    home = directory(values.get("home", ""))
    made_with = implementation(
        values.get("implementation", "").translate(LOWER),
        (home or "").translate(LOWER),
        values.get("executable", ""),
    )
    return Pyvenv(python, home, made_with)


def implementation(named, home, executable):
    """The implementation as virtualenv and uv name it, or as its usual paths do."""
    if named == "pypy" or "pypy" in home:
        return "PyPy"
    if named.startswith("graal") or "graalpy" in home:
        return "GraalPy"
    # `python3.13t`, as PEP 703 builds are called.
    _, python, version = executable.rpartition("python")
    threaded = python and version.startswith("3") and version.endswith("t")
    return "a free-threaded CPython" if threaded or "freethreaded" in home else None


def directory(value):
    # A byte that was not UTF-8 was replaced: the path would be another one.
    sane = representable(value) and "\ufffd" not in value and len(value.encode()) <= MAX_HOME
    return value if value and sane else None


def release(value):
    """`3.11.7` of `3.11.7.final.0`, `3.13.0` of `3.13.0rc1`, `3.14` of `3.14t`."""
    major, minor, patch, *_ = value.split(".") + ["", ""]
    patch = number(patch)
    major, minor = number(major, whole=True), number(minor, whole=bool(patch))
    return ".".join(filter(None, [major, minor, patch])) if major and minor else None


def number(part, whole=False):
    """The digits that a part begins with, or is made of if it is `whole`; at most four."""
    digits = re.match(r"[0-9]*", part)[0]
    return digits if len(digits) <= 4 and not (whole and digits != part) else ""
