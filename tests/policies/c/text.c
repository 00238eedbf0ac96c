#define _GNU_SOURCE
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *format(const char *form, ...) {
  char *out;
  va_list args;
  va_start(args, form);
  if (vasprintf(&out, form, args) < 0) abort();
  va_end(args);
  return out;
}

char *join(const char *directory, const char *name) {
  return *directory ? format("%s/%s", directory, name) : format("%s", name);
}

// How many bytes of UTF-8 at `p` are a control character, and which.
static size_t control(const unsigned char *p, size_t len, unsigned *code) {
  *code = *p;
  if (*p < 0x20 || *p == 0x7f) return 1;
  if (*p != 0xc2 || len < 2 || p[1] >= 0xa0) return 0;
  *code = p[1];
  return 2;
}

bool sayable(struct slice text) {
  unsigned code;
  for (size_t i = 0; i < text.len; i++) {
    if (control((unsigned char *)text.at + i, text.len - i, &code)) return false;
  }
  return true;
}

bool sayable_name(const char *text) { return sayable((struct slice){text, strlen(text)}); }

char *shown(struct slice text) {
  char *out = calloc(text.len + 1, 8), *end = out;
  for (size_t i = 0; i < text.len;) {
    unsigned code;
    size_t skip = control((unsigned char *)text.at + i, text.len - i, &code);
    if (skip) end += sprintf(end, "\\u{%x}", code);
    else *end++ = text.at[i];
    i += skip ? skip : 1;
  }
  return out;
}

void *grown(void *items, size_t len, size_t size) {
  // At powers of two.
  if (len & (len - 1)) return items;
  items = realloc(items, (len ? 2 * len : 1) * size);
  if (!items) abort();
  return items;
}
