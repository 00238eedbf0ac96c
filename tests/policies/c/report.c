#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { MAX_NOTES = 100 }; // more than a person reads; the rest is counted

void report_found(struct report *report, struct finding finding) {
  report->finding = grown(report->finding, report->findings, sizeof finding);
  report->finding[report->findings++] = finding;
}

void report_outside(struct report *report, const char *path, const char *reason) {
  report_found(report, (struct finding){.path = path, .kind = UNSEEN, .reason = reason});
}

void report_stranger(struct report *report, const char *path, const char *marker) {
  report->stranger = grown(report->stranger, report->strangers, sizeof *report->stranger);
  report->stranger[report->strangers++] = (struct stranger){path, marker};
}

static void add(struct report *report, bool warning, const char *path, const char *message) {
  message = shown((struct slice){message, strlen(message)});
  report->note = grown(report->note, report->notes, sizeof *report->note);
  report->note[report->notes++] = (struct note){warning, path, message};
}

void report_info(struct report *report, const char *path, const char *message) {
  add(report, false, path, message);
}

void report_warn(struct report *report, const char *path, const char *message) {
  add(report, true, path, message);
}

void report_unread(struct report *report, const char *path, const char *error) {
  report_warn(report, path, format("cannot be read (%s); an environment there is not hidden", error));
}

static int by_path(const void *a, const void *b) {
  return strcmp(((const struct finding *)a)->path, ((const struct finding *)b)->path);
}

// Warnings first, then by path: what a listing's order cannot change.
static int by_weight(const void *left, const void *right) {
  const struct note *a = left, *b = right;
  int order = b->warning - a->warning;
  if (!order) order = strcmp(a->path, b->path);
  return order ? order : strcmp(a->message, b->message);
}

// Whether a finding before the one at `end` is, or leads to, that directory.
static bool leads_to(const struct report *report, size_t end, const char *directory) {
  for (size_t i = 0; i < end; i++) {
    const char *inside = report->finding[i].inside;
    if (inside && !strcmp(inside, directory)) return true;
  }
  return false;
}

static bool is_found(const struct report *report, const char *directory) {
  for (size_t i = 0; i < report->findings; i++) {
    const struct finding *it = &report->finding[i];
    if (!it->inside && it->kind != UNSEEN && !strcmp(it->path, directory)) return true;
  }
  return false;
}

// Sorts the findings, and keeps one of several for the same directory.
static void unite(struct report *report) {
  qsort(report->finding, report->findings, sizeof(struct finding), by_path);
  struct report united = {0};
  for (size_t i = 0; i < report->findings; i++) {
    struct finding *it = &report->finding[i];
    bool again = it->inside && (is_found(report, it->inside) || leads_to(report, i, it->inside));
    if (!again) report_found(&united, *it);
  }
  report->finding = united.finding;
  report->findings = united.findings;
}

void report_finish(struct report *report, bool hide) {
  unite(report);
  for (size_t i = 0; i < report->strangers; i++) {
    struct stranger it = report->stranger[i];
    if (leads_to(report, report->findings, it.path)) continue;
    const char *how = "under a name of its own is not hidden; list it to hide it";
    report_warn(report, it.path, format("an environment (%s) %s", it.marker, how));
  }
  for (size_t i = 0; !hide && i < report->findings; i++) {
    const struct finding *it = &report->finding[i];
    if (it->kind == UNSEEN) continue; // not in the container at all
    const char *how = "is not hidden: the container sees it broken";
    report_warn(report, it->path, format("an environment of the host (%s) %s", it->reason, how));
  }
  if (!hide) report->findings = 0;
  qsort(report->note, report->notes, sizeof(struct note), by_weight);
  if (report->notes > MAX_NOTES) {
    size_t more = report->notes - MAX_NOTES;
    report->notes = MAX_NOTES;
    report->note[report->notes++] = (struct note){true, "", format("%zu more notes are not shown", more)};
  }
}
