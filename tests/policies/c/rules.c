#include "rules.h"

#include <stdlib.h>
#include <string.h>

#include "pyvenv.h"
#include "tree.h"

static const char VENV_MARKER[] = "pyvenv.cfg", CONDA_MARKER[] = "conda-meta";

// What people call an environment. `.env` is often a file of settings.
static const char *const CANDIDATES[] = {".venv", "venv", ".virtualenv", "env", ".env", NULL};
static const char *const SKIPPED[] = {".git", "node_modules", "__pycache__", NULL};
static const char *const MARKERS[] = {VENV_MARKER, CONDA_MARKER, NULL};
// A tool's own directory: below it, at this path, each child may be an environment.
static const struct holder {
  const char *name, *tool, *below;
} HOLDERS[] = {{".tox", "tox", ""}, {".nox", "nox", ""}, {".pixi", "pixi", "envs"}};

static bool among(const char *const *names, const char *name) {
  while (*names && strcmp(*names, name)) names++;
  return *names;
}

// Whether an entry can be an environment, lead to one or hold one.
static bool matters(const struct entry *entry) {
  bool type = entry->type == DIRECTORY || entry->type == LINK;
  return type && sayable_name(entry->name) && !among(MARKERS, entry->name);
}

// Looks for a marker in a directory that is reached without links: its name, or NULL.
static const char *look(const char *directory, struct finding *finding, const char **error) {
  struct place place = tree_resolve(directory, VENV_MARKER);
  *error = place.is == UNREADABLE ? place.how : NULL;
  if (*error) return NULL;
  // Trees of links into a store have it: nothing else bears that name.
  if (place.is == OUTSIDE || (place.is == AT && place.type == REGULAR)) {
    finding->kind = VENV;
    if (place.is == AT) {
      size_t len;
      char *bytes = tree_read(place.path, PYVENV_LIMIT, &len);
      finding->evidence = pyvenv_parse(bytes, len);
    }
    return VENV_MARKER;
  }
  place = tree_resolve(directory, CONDA_MARKER);
  *error = place.is == UNREADABLE ? place.how : NULL;
  if (place.is != AT || place.type != DIRECTORY) return NULL;
  finding->kind = CONDA;
  return CONDA_MARKER;
}

// Looks at a place where an environment is expected; true if one is there.
static bool candidate(const char *directory, const struct entry *entry, const char *tool, struct report *report) {
  char *path = join(directory, entry->name);
  struct place place = {.is = AT, .path = path, .type = DIRECTORY};
  if (entry->type == LINK) place = tree_resolve(directory, entry->name);
  if (place.is == OUTSIDE) report_outside(report, path, "link out of the project");
  if (place.is == BROKEN) report_warn(report, path, place.how);
  if (place.is == UNREADABLE) report_unread(report, path, place.how);
  if (place.is != AT || place.type != DIRECTORY) return place.is == OUTSIDE;
  struct finding finding = {.path = path, .inside = entry->type == LINK ? place.path : NULL};
  const char *error, *marker = look(place.path, &finding, &error);
  if (error) report_unread(report, path, error);
  if (!marker) return false;
  if (!*place.path) {
    report_warn(report, path, "leads to the project directory itself, which cannot be hidden");
    return false;
  }
  finding.reason = *tool ? format("%s, %s environment", marker, tool) : marker;
  report_found(report, finding);
  return true;
}

// Remembers a directory that is an environment by no known name; true if so.
static bool stranger(const char *directory, struct report *report) {
  struct finding finding = {0};
  const char *error, *marker = look(directory, &finding, &error);
  if (error) report_unread(report, directory, error);
  if (marker && *directory) report_stranger(report, directory, marker);
  else if (marker) report_warn(report, "", "the project directory is itself an environment; it cannot be hidden");
  return marker;
}

// Says once for the whole directory what could not be looked at.
static void unsayable(const char *directory, const struct entry *entries, size_t count, struct report *report) {
  size_t skipped = 0;
  const char *example = NULL;
  for (size_t i = 0; i < count; i++) {
    if (entries[i].type != DIRECTORY || sayable_name(entries[i].name)) continue;
    skipped++;
    if (!example || strcmp(entries[i].name, example) < 0) example = entries[i].name;
  }
  if (!skipped) return;
  const char *why = "not UTF-8, or with a control character; an environment there is not hidden";
  const char *how_many = skipped == 1 ? "a name was" : format("%zu names were", skipped);
  report_warn(report, directory, format("%s skipped, such as `%s`: %s", how_many, example, why));
}

// Looks at each child of a tool's directory.
static void held(const char *path, const struct holder *holder, struct report *report) {
  const char *error;
  size_t count;
  if (*holder->below) {
    path = join(path, holder->below);
    enum file_type type = tree_type(path, &error);
    if (error) report_unread(report, path, error);
    if (type != DIRECTORY) return;
  }
  struct entry *entries = tree_entries(path, &count, &error);
  if (error) {
    report_unread(report, path, error);
    return;
  }
  unsayable(path, entries, count, report);
  for (size_t i = 0; i < count; i++) {
    if (matters(&entries[i])) candidate(path, &entries[i], holder->tool, report);
  }
}

// Looks at one entry; true if it may be a project to walk into.
static bool child(const char *directory, const struct entry *entry, struct report *report) {
  bool is_directory = entry->type == DIRECTORY, hidden = *entry->name == '.';
  if (among(SKIPPED, entry->name)) return false;
  if (among(CANDIDATES, entry->name)) {
    bool found = candidate(directory, entry, "", report);
    return is_directory && !found && !hidden;
  }
  char *path = join(directory, entry->name);
  for (size_t i = 0; i < sizeof HOLDERS / sizeof *HOLDERS; i++) {
    if (strcmp(HOLDERS[i].name, entry->name)) continue;
    if (is_directory) held(path, &HOLDERS[i], report);
    return false;
  }
  if (hidden && is_directory) stranger(path, report);
  return is_directory && !hidden;
}

struct project {
  const char *directory;
  uint32_t level;
};

void rules_auto(uint32_t depth, struct report *report, struct refusal *refusal) {
  // A list and not recursion: the project decides how deep it is.
  struct project *pending = grown(NULL, 0, sizeof *pending);
  pending[0] = (struct project){"", 0};
  for (size_t left = 1; left;) {
    struct project now = pending[--left];
    const char *error;
    size_t count;
    struct entry *entries = tree_entries(now.directory, &count, &error);
    if (error && !*now.directory) {
      *refusal = (struct refusal){"", error};
      return;
    }
    if (error) {
      report_unread(report, now.directory, error);
      continue;
    }
    bool deeper = now.level < depth, marked = false;
    for (size_t i = 0; i < count; i++) marked |= among(MARKERS, entries[i].name);
    if (marked && stranger(now.directory, report)) {
      if (*now.directory) continue;
      // What else is in it belongs to the environment that the root is.
      deeper = false;
    }
    if (deeper) unsayable(now.directory, entries, count, report);
    for (size_t i = 0; i < count; i++) {
      if (!matters(&entries[i]) || !child(now.directory, &entries[i], report) || !deeper) continue;
      pending = grown(pending, left, sizeof *pending);
      pending[left++] = (struct project){join(now.directory, entries[i].name), now.level + 1};
    }
  }
}

static void refuse(struct refusal *refusal, struct slice path, const char *fault) {
  refusal->message = format("listed directory `%s` %s", shown(path), fault);
}

// Says what is wrong with a path by the rules of the package documentation.
static const char *path_fault(struct slice path) {
  if (!path.len) return "is empty";
  if (*path.at == '/') return "is absolute; it must be relative to the project";
  if (!sayable(path)) return "holds a control character";
  char *text = format("%.*s", (int)path.len, path.at);
  for (char *name = text, *end; name; name = end ? end + 1 : NULL) {
    end = strchr(name, '/');
    if (end) *end = '\0';
    if (!*name) return "has an empty component";
    if (!strcmp(name, ".") || !strcmp(name, "..")) return "has a component `.` or `..`";
  }
  return NULL;
}

static void one(const char *path, struct report *report, struct refusal *refusal) {
  struct slice name = {path, strlen(path)};
  struct place place = tree_resolve("", path);
  struct finding finding = {.path = path, .kind = RESERVED, .reason = "listed"};
  if (place.linked) finding.inside = place.path;
  const char *error = NULL, *marker = NULL;
  switch (place.is) {
  case OUTSIDE:
    report_outside(report, path, "listed");
    return;
  case BROKEN:
    report_warn(report, path, format("%s; nothing is hidden there", place.how));
    return;
  case UNREADABLE:
    *refusal = (struct refusal){path, place.how};
    return;
  case NOT_DIRECTORY:
    refuse(refusal, name, format("lies below `%s`, which is no directory", place.path));
    return;
  case MISSING:
    report_info(report, path, "does not exist yet; its place is reserved");
    break;
  case AT:
    if (!*place.path) refuse(refusal, name, "leads to the project directory itself");
    else if (place.type == REGULAR) refuse(refusal, name, "is a file, not a directory");
    else if (place.type != DIRECTORY) refuse(refusal, name, "is not a directory");
    else marker = look(place.path, &finding, &error);
    if (error) *refusal = (struct refusal){path, error};
    if (refusal->message) return;
    if (marker) {
      finding.reason = format("listed, %s", marker);
    } else {
      finding.kind = UNMARKED;
      report_info(report, path, "holds no environment, but is hidden as listed");
    }
  }
  report_found(report, finding);
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

void rules_listed(const struct slice *names, size_t count, struct report *report, struct refusal *refusal) {
  char **paths = calloc(count + 1, sizeof *paths);
  for (size_t i = 0; i < count; i++) {
    const char *fault = path_fault(names[i]);
    if (fault) {
      refuse(refusal, names[i], fault);
      return;
    }
    paths[i] = format("%.*s", (int)names[i].len, names[i].at);
  }
  qsort(paths, count, sizeof *paths, by_text);
  for (size_t i = 0; i < count; i++) {
    for (size_t outer = 0; outer < count; outer++) {
      size_t len = strlen(paths[outer]);
      if (strncmp(paths[i], paths[outer], len) || paths[i][len] != '/') continue;
      struct slice inner = {paths[i], strlen(paths[i])};
      refuse(refusal, inner, format("lies within `%s`, which is listed too", paths[outer]));
      return;
    }
  }
  for (size_t i = 0; i < count && !refusal->message; i++) {
    if (i == 0 || strcmp(paths[i], paths[i - 1])) one(paths[i], report, refusal);
  }
}
