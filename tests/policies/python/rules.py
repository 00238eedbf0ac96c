"""Which directories of a project are bound to the machine that made them."""

from wit_world.imports import types

from marker import Evidence, Listing, evidence
from names import SKIPPED, VENV, tool_of
from paths import fault, join, parents, quoted, shown
from report import Report
from tree import Broken, NotDirectory, Outside, Unreadable
from walk import Walk


MAX_OPTIONS = 1000  # longer ones are left out of a message: nobody pastes them


class Refused(Exception):
    """The query breaks a rule of the interface; the text says which."""


def detect(tree, query):
    """Searches a project, and returns the directories to hide with notes for the user."""
    report = Report()
    match query.selection:
        case types.Selection_Listed(paths):
            find_listed(tree, paths, report)
            warn_about_others(tree, report)
            return report.finish(hide=True, listed=paths)
        case types.Selection_Off():
            Walk(tree, query, report).run()
            return report.finish(hide=False)
        case _:
            for path in query.also + query.except_:
                if why := fault(path):
                    raise Refused(f"directory `{shown(path)}` {why}")
            projects = Walk(tree, query, report).run()
            find_listed(tree, query.also, report)
            apply_exceptions(query.except_, report)
            warn_about_missing(projects, query, report)
            return report.finish(hide=True)


def find_listed(tree, listed, report):
    """Looks at each directory that was listed; refuses what cannot be hidden."""
    for path in listed:
        if why := fault(path):
            raise refused(path, why)
    paths = set(listed)
    for path in sorted(paths):
        for outer in parents(path):
            if outer in paths:
                raise refused(path, f"lies within `{outer}`, which is listed too")
    for path in sorted(paths):
        try:
            find_one(tree, path, report)
        except Unreadable as error:
            error.path = path
            raise


def find_one(tree, path, report):
    try:
        place = tree.resolve("", path)
    except Outside:
        return report.outside(path, "listed")
    except Broken as how:
        return report.warn(path, f"{how}; nothing is hidden there")
    except NotDirectory as file:
        raise refused(path, f"lies below `{file}`, which is not a directory")
    if place.kind is None:
        report.info(path, "does not exist yet; its place is reserved")
        found = Evidence(types.Kind_Reserved())
    elif not place.path:
        raise refused(path, "leads to the project directory itself")
    elif place.kind == "file":
        raise refused(path, "is a file, not a directory")
    elif place.kind != "directory":
        raise refused(path, "is not a directory")
    else:
        found = evidence(tree, place.path)
        if not found:
            report.info(path, "holds no environment, but is hidden as listed")
            found = Evidence(types.Kind_Unmarked())
    found.reason = f"listed, {found.reason}" if found.reason else "listed"
    report.environment(path, place.path if place.linked else None, found)


def refused(path, why):
    return Refused(f"listed directory `{shown(path)}` {why}")


def warn_about_others(tree, report):
    """A list without `auto` hides what it names and nothing else: warns about the
    environments in the root that it leaves open."""
    try:
        root = Listing(tree, "")
    except Unreadable:
        return  # nor can a tool in the container write there
    for name, kind in root.children():
        if kind == "directory" and not report.found_around(name) and is_environment(tree, name):
            what = "an environment of the host is not hidden: the list does not name it"
            report.warn_open(name, f"{what}, nor `auto`")


def is_environment(tree, name):
    """Whether the directory of that name in the root is one that `auto` would hide."""
    if name in SKIPPED:
        return False
    if tool_of("", name) or name == VENV:
        return True
    try:
        return evidence(tree, name) is not None
    except Unreadable:
        return False


def apply_exceptions(excepted, report):
    """Drops the findings in each excepted directory, and reports what stays open."""
    for path in excepted:
        if report.drop_within(path):
            what = "stays open, as asked: the container sees the host's environment"
            report.warn_open(path, what)
        elif outer := report.found_around(path):
            report.warn(path, f"is hidden all the same: it lies within `{outer}`")
        else:
            report.info(path, "is excepted, but no environment was found there")


def warn_about_missing(projects, query, report):
    """Warns about each project without an environment, with the options that reserve one."""
    none_at_all = report.is_empty()
    for project in projects:
        if report.has_environment_in(project):
            continue
        venv, state = join(project.path, VENV), ""
        if none_at_all and not project.path:
            state = "this Python project has no environment yet: "
        what = "an environment made in the container would land"
        if project.command:
            what = f"`{project.command}` in the container would make `{VENV}` here"
        options, how = options_for(query, venv), "list it beside `auto` to reserve its place"
        if len(options.encode()) <= MAX_OPTIONS:
            how = f"`{options}` reserves its place"
        report.advise(project.path, f"{state}{what} on this machine; {how}")


def options_for(query, venv):
    """The command line that asks for what the query does, and for this directory besides: a
    list on the command line replaces one in a file."""
    words = [literal(path) for path in [*query.also, venv]]
    words += [f"!{path}" for path in query.except_]
    return "--venv auto" + "".join(f" --venv {quoted(word)}" for word in words)


def literal(path):
    """A path that `--venv` takes for neither a word nor an exception, nor a shell for an
    option."""
    return f"./{path}" if path[0] in "!-" or path in ("auto", "none") else path
