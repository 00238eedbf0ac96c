// Which directories of a project are bound to the machine that made them.

#pragma once
#include <stddef.h>
#include <stdint.h>

#include "report.h"
#include "text.h"

// Why there is no answer: none if `message` is NULL, else unreadable if `path` is set.
struct refusal {
  const char *path, *message;
};

// Looks in the root and in the projects at most `depth` directories below it.
void rules_auto(uint32_t depth, struct report *report, struct refusal *refusal);

// Looks at each directory that was named, and refuses what cannot be hidden.
void rules_listed(const struct slice *names, size_t count, struct report *report, struct refusal *refusal);
