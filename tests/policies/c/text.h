// Paths, names and messages.

#pragma once
#include <stdbool.h>
#include <stddef.h>

// Bytes that need not end in a NUL.
struct slice {
  const char *at;
  size_t len;
};

// As printf, into new memory.
char *format(const char *form, ...) __attribute__((format(printf, 1, 2)));

// `name` below `directory`, where the empty one is the root.
char *join(const char *directory, const char *name);

// Whether a name or path may stand in an answer: no control character.
bool sayable(struct slice text);
bool sayable_name(const char *text);

// The text with control characters spelled out, fit for a message.
char *shown(struct slice text);

// Room for one more item in a list of `len`.
void *grown(void *items, size_t len, size_t size);
