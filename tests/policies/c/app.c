// An example: hides each directory that holds `pyvenv.cfg`, in the project and one level below.
//
// A policy in C is a function for each exported one, over types that wit-bindgen writes. It is
// linked against wasi-libc, and an adapter turns that libc's calls into wasi:filesystem:
//
//     wit-bindgen c wit -w detector
//     zig cc -target wasm32-wasi -mexec-model=reactor -Os -I. *.c detector_component_type.o -o core.wasm
//     jco new core.wasm --wasi-reactor -o c.wasm
//
// Nothing is freed: a policy is called once, and its memory ends with it.

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "detector.h"

#define MARKER "pyvenv.cfg"

static const exports_paude_isolation_detection_query_t *query;
static exports_paude_isolation_detection_findings_t *result;

static char *format(const char *form, ...) {
  char *out;
  va_list args;
  va_start(args, form);
  if (vasprintf(&out, form, args) < 0) abort();
  va_end(args);
  return out;
}

// Strings of the interface have a length and no NUL at the end, those of C the reverse.
static char *text(detector_string_t string) { return format("%.*s", (int)string.len, (char *)string.ptr); }
static detector_string_t string(const char *text) { return (detector_string_t){(uint8_t *)strdup(text), strlen(text)}; }

static bool is_among(detector_list_string_t list, const char *wanted) {
  while (list.len && strcmp(text(list.ptr[list.len - 1]), wanted)) list.len--;
  return list.len > 0;
}

static bool is_found(const char *path) {
  size_t left = result->environments.len;
  while (left && strcmp(text(result->environments.ptr[left - 1].path), path)) left--;
  return left > 0;
}

// The file type at a path, or 0. No link is followed.
static mode_t type_of(const char *path) {
  struct stat data;
  return lstat(format("%s/%s", text(query->root), path), &data) ? 0 : data.st_mode & S_IFMT;
}

static bool is_environment(const char *path) { return type_of(format("%s/" MARKER, path)) == S_IFREG; }

// Adds a directory to hide, unless it is to stay open or was found before.
static void add(const char *path, uint8_t kind, const char *reason) {
  for (size_t i = 0; i < query->except.len; i++) {
    detector_string_t open = query->except.ptr[i];
    if (!strncmp(path, (char *)open.ptr, open.len) && (!path[open.len] || path[open.len] == '/')) return;
  }
  if (is_found(path)) return;
  size_t len = result->environments.len++;
  result->environments.ptr = reallocarray(result->environments.ptr, len + 1, sizeof *result->environments.ptr);
  result->environments.ptr[len] = (paude_isolation_types_finding_t){
      .path = string(path), .kind.tag = kind, .reason = string(reason)};
}

static void warn(const char *path, const char *what) {
  size_t len = result->notes.len++;
  result->notes.ptr = reallocarray(result->notes.ptr, len + 1, sizeof *result->notes.ptr);
  // The root is not a path: a note about it has none.
  result->notes.ptr[len] = (paude_isolation_types_note_t){
      .severity = PAUDE_ISOLATION_TYPES_SEVERITY_WARNING,
      .path = {*path != '\0', string(path)},
      .message = string(format("%s; an environment there is not hidden", what))};
}

static bool is_representable(const char *name) {
  for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
    if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0)) return false;
  }
  return true;
}

// Adds the environments in a directory, and in those below it as far as `levels` reaches.
static void search(const char *dir, int levels) {
  DIR *stream = opendir(format("%s/%s", text(query->root), dir));
  struct dirent *entry;
  while (errno = 0, stream && (entry = readdir(stream))) {
    const char *name = entry->d_name, *path = *dir ? format("%s/%s", dir, name) : strdup(name);
    if (!strcmp(name, ".") || !strcmp(name, "..") || entry->d_type != DT_DIR) continue;
    if (is_among(query->skip, name) || is_among(query->skip, path)) continue;
    // A name with a control character cannot be in a result.
    if (!is_representable(name)) warn(dir, "has a name that is not representable");
    else if (is_environment(path)) add(path, PAUDE_ISOLATION_TYPES_KIND_VENV, MARKER);
    else if (levels > 0) search(path, levels - 1);
  }
  if (!stream || errno) warn(dir, "cannot be read");
  if (stream) closedir(stream);
}

static int findings_by_path(const void *a, const void *b) {
  const paude_isolation_types_finding_t *one = a, *other = b;
  return strcmp(text(one->path), text(other->path));
}

static int notes_by_path(const void *a, const void *b) {
  const paude_isolation_types_note_t *one = a, *other = b;
  return strcmp(text(one->path.val), text(other->path.val));
}

bool exports_paude_isolation_detection_detect(exports_paude_isolation_detection_query_t *asked,
                                              exports_paude_isolation_detection_findings_t *found,
                                              exports_paude_isolation_detection_refusal_t *refusal) {
  query = asked;
  result = found;
  memset(result, 0, sizeof *result);
  bool is_list = query->selection.tag == PAUDE_ISOLATION_TYPES_SELECTION_LISTED;
  bool root_only = query->depth.is_some && query->depth.val == 0;
  if (query->selection.tag == PAUDE_ISOLATION_TYPES_SELECTION_AUTO) search("", root_only ? 0 : 1);
  // `also` is empty unless the selection is `auto`.
  detector_list_string_t listed = is_list ? query->selection.val.listed : query->also;
  for (size_t i = 0; i < listed.len; i++) {
    char *path = text(listed.ptr[i]);
    mode_t type = type_of(path);
    if (type != 0 && type != S_IFDIR) {
      refusal->tag = PAUDE_ISOLATION_TYPES_REFUSAL_UNSUPPORTED;
      refusal->val.unsupported = string(format("`%s` is not a directory; this policy hides no links or files", path));
      return false;
    }
    add(path, type == 0              ? PAUDE_ISOLATION_TYPES_KIND_RESERVED
              : is_environment(path) ? PAUDE_ISOLATION_TYPES_KIND_VENV
                                     : PAUDE_ISOLATION_TYPES_KIND_UNMARKED, "listed");
  }
  // Sorted, so that the result is the same on every machine.
  qsort(result->environments.ptr, result->environments.len, sizeof(*result->environments.ptr), findings_by_path);
  qsort(result->notes.ptr, result->notes.len, sizeof(*result->notes.ptr), notes_by_path);
  // Its `bin` comes first on PATH in the container.
  const char *primary = is_list && listed.len ? text(listed.ptr[0]) : ".venv";
  if (is_found(primary)) result->primary = (detector_option_string_t){true, string(primary)};
  return true;
}
