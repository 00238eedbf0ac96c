// What was seen so far, and how it is put in order.

#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "pyvenv.h"

// In the order of the interface.
enum kind { VENV, CONDA, UNMARKED, RESERVED, UNSEEN };

struct finding {
  const char *path;
  enum kind kind;
  struct pyvenv evidence;
  const char *inside; // where it leads, or NULL
  const char *reason;
};

struct note {
  bool warning;
  const char *path; // empty: about the whole project
  const char *message;
};

// An environment whose name says nothing, and its marker.
struct stranger {
  const char *path, *marker;
};

struct report {
  struct finding *finding;
  size_t findings;
  struct note *note;
  size_t notes;
  struct stranger *stranger;
  size_t strangers;
};

void report_found(struct report *report, struct finding finding);
// A link that only the host can follow.
void report_outside(struct report *report, const char *path, const char *reason);
void report_stranger(struct report *report, const char *path, const char *marker);
void report_info(struct report *report, const char *path, const char *message);
void report_warn(struct report *report, const char *path, const char *message);
void report_unread(struct report *report, const char *path, const char *error);

// Puts it in order; unless `hide` is set, findings become notes.
void report_finish(struct report *report, bool hide);
