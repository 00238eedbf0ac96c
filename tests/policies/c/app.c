// The built-in detection rules again, in C.
//
// A policy in C is a function for each exported one, over types that wit-bindgen writes. It is
// linked against wasi-libc, and an adapter turns that libc's calls into wasi:filesystem:
//
//     wit-bindgen c wit -w detector
//     zig cc -target wasm32-wasi -mexec-model=reactor -Os -I. *.c detector_component_type.o -o core.wasm
//     jco new core.wasm --wasi-reactor -o c.wasm
//
// - app.c     this file: the border; what comes from and goes to the host
// - rules.c   which directories are environments
// - report.c  what was seen so far, and how it is put in order
// - tree.c    the project as the rules see it, and where its links lead
// - pyvenv.c  what pyvenv.cfg tells
// - text.c    paths, names and messages
//
// Nothing is freed: a policy answers once, and its memory ends with it.

#include <stdlib.h>

#include "detector.h"
#include "report.h"
#include "rules.h"
#include "text.h"
#include "tree.h"

typedef paude_isolation_types_finding_t finding_t;
typedef paude_isolation_types_note_t note_t;

static detector_string_t string(const char *text) {
  detector_string_t out;
  detector_string_dup(&out, text);
  return out;
}

static detector_option_string_t option(const char *text) {
  detector_option_string_t out = {.is_some = text != NULL};
  if (text) out.val = string(text);
  return out;
}

static finding_t finding(const struct finding *from) {
  finding_t to = {
      .path = string(from->path),
      .kind = {.tag = from->kind},
      .python = option(from->evidence.python),
      .home = option(from->evidence.home),
      .reason = string(from->reason),
  };
  if (from->kind == UNSEEN || from->inside) {
    to.link.is_some = true;
    to.link.val.tag = from->inside ? PAUDE_ISOLATION_TYPES_LINK_INSIDE : PAUDE_ISOLATION_TYPES_LINK_OUTSIDE;
    if (from->inside) to.link.val.val.inside = string(from->inside);
  }
  return to;
}

static note_t note(const struct note *from) {
  return (note_t){
      .severity = from->warning ? PAUDE_ISOLATION_TYPES_SEVERITY_WARNING : PAUDE_ISOLATION_TYPES_SEVERITY_INFO,
      .path = option(*from->path ? from->path : NULL), // the root is not a path
      .message = string(from->message),
  };
}

bool exports_paude_isolation_detection_detect(exports_paude_isolation_detection_query_t *query,
                                              exports_paude_isolation_detection_findings_t *ret,
                                              exports_paude_isolation_detection_refusal_t *err) {
  tree_open(format("%.*s", (int)query->root.len, (char *)query->root.ptr));
  struct report report = {0};
  struct refusal refusal = {0};
  uint8_t selection = query->selection.tag;
  if (selection == PAUDE_ISOLATION_TYPES_SELECTION_LISTED) {
    detector_list_string_t listed = query->selection.val.listed;
    struct slice *names = calloc(listed.len + 1, sizeof *names);
    for (size_t i = 0; i < listed.len; i++) {
      names[i] = (struct slice){(char *)listed.ptr[i].ptr, listed.ptr[i].len};
    }
    rules_listed(names, listed.len, &report, &refusal);
  } else {
    rules_auto(query->depth, &report, &refusal);
  }
  if (refusal.message) {
    err->tag = refusal.path ? PAUDE_ISOLATION_TYPES_REFUSAL_UNREADABLE : PAUDE_ISOLATION_TYPES_REFUSAL_INVALID;
    if (refusal.path) {
      err->val.unreadable.path = string(refusal.path);
      err->val.unreadable.message = string(refusal.message);
    } else {
      err->val.invalid = string(refusal.message);
    }
    return false;
  }
  report_finish(&report, selection != PAUDE_ISOLATION_TYPES_SELECTION_OFF);
  ret->environments.len = report.findings;
  ret->environments.ptr = calloc(report.findings + 1, sizeof(finding_t));
  for (size_t i = 0; i < report.findings; i++) ret->environments.ptr[i] = finding(&report.finding[i]);
  ret->notes.len = report.notes;
  ret->notes.ptr = calloc(report.notes + 1, sizeof(note_t));
  for (size_t i = 0; i < report.notes; i++) ret->notes.ptr[i] = note(&report.note[i]);
  return true;
}
