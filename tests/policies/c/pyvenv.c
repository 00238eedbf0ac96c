#include "pyvenv.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "text.h"

enum { MAX_HOME = 4096 };

static struct slice part(const char *from, const char *to) { return (struct slice){from, to - from}; }

static const char *find(struct slice text, char c) {
  const char *found = memchr(text.at, c, text.len);
  return found ? found : text.at + text.len;
}

// Whether these bytes are one character that Unicode calls white space.
static bool is_space(const char *bytes, size_t len) {
  const unsigned char *p = (const unsigned char *)bytes;
  if (len == 1) return (*p >= 0x09 && *p <= 0x0d) || *p == ' ';
  if (len == 2) return p[0] == 0xc2 && (p[1] == 0x85 || p[1] == 0xa0);
  unsigned code = p[0] << 16 | p[1] << 8 | p[2];
  return code == 0xe19a80 || (code >= 0xe28080 && code <= 0xe2808a) || code == 0xe280a8 || code == 0xe280a9 ||
         code == 0xe280af || code == 0xe2819f || code == 0xe38080;
}

// How many bytes of white space a text begins or ends with, at most one character.
static size_t space(struct slice text, bool at_end) {
  for (size_t n = 1; n <= 3 && n <= text.len; n++) {
    if (is_space(at_end ? text.at + text.len - n : text.at, n)) return n;
  }
  return 0;
}

static struct slice trim(struct slice text) {
  for (size_t n; (n = space(text, false)); text.len -= n) text.at += n;
  for (size_t n; (n = space(text, true));) text.len -= n;
  return text;
}

static bool is_utf8(struct slice text) {
  const unsigned char *p = (const unsigned char *)text.at, *end = p + text.len;
  while (p < end) {
    int more = *p < 0x80 ? 0 : *p < 0xc2 ? -1 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : *p < 0xf5 ? 3 : -1;
    if (more < 0 || end - p <= more) return false;
    unsigned code = *p & (0x7f >> (more ? more + 1 : 0));
    for (int i = 1; i <= more; i++) {
      if ((p[i] & 0xc0) != 0x80) return false;
      code = code << 6 | (p[i] & 0x3f);
    }
    if ((more == 2 && code < 0x800) || (more == 3 && code < 0x10000) || code > 0x10ffff) return false;
    if (code >= 0xd800 && code <= 0xdfff) return false;
    p += more + 1;
  }
  return true;
}

static const char *directory(struct slice value) {
  // Not another path than the one meant; U+FFFD is what stands for lost bytes.
  bool sane = value.len && value.len <= MAX_HOME && sayable(value) && is_utf8(value) &&
              !memmem(value.at, value.len, "\xef\xbf\xbd", 3);
  return sane ? format("%.*s", (int)value.len, value.at) : NULL;
}

// The digits that a part begins with, or is made of if it is `whole`: one to four, else none.
static struct slice number(struct slice text, bool whole) {
  size_t len = 0;
  while (len < text.len && text.at[len] >= '0' && text.at[len] <= '9') len++;
  bool good = len <= 4 && !(whole && len != text.len);
  return (struct slice){text.at, good ? len : 0};
}

static struct slice next_part(struct slice *rest) {
  const char *dot = find(*rest, '.'), *end = rest->at + rest->len;
  struct slice first = part(rest->at, dot);
  *rest = part(dot < end ? dot + 1 : end, end);
  return first;
}

// 3.11.7 of 3.11.7.final.0, 3.13.0 of 3.13.0rc1, 3.14 of 3.14t.
static const char *release(struct slice value) {
  struct slice major = number(next_part(&value), true);
  struct slice minor = next_part(&value);
  struct slice patch = number(next_part(&value), false);
  minor = number(minor, patch.len > 0);
  if (!major.len || !minor.len) return NULL;
  const char *dot = patch.len ? "." : "";
  return format("%.*s.%.*s%s%.*s", (int)major.len, major.at, (int)minor.len, minor.at, dot, (int)patch.len, patch.at);
}

static bool is(struct slice key, const char *name) {
  return key.len == strlen(name) && !strncasecmp(key.at, name, key.len);
}

struct pyvenv pyvenv_parse(const char *bytes, size_t len) {
  // The last line may have been cut; half a value is a wrong one.
  if (len == PYVENV_LIMIT) {
    while (len && bytes[len - 1] != '\n') len--;
  }
  const char *end = bytes + len;
  if (len >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) bytes += 3;
  const char *home = NULL, *version = NULL, *version_info = NULL;
  for (const char *line = bytes, *next; line < end; line = next + 1) {
    next = find(part(line, end), '\n');
    const char *equals = find(part(line, next), '=');
    if (equals == next) continue;
    struct slice key = trim(part(line, equals)), value = trim(part(equals + 1, next));
    if (is(key, "home")) home = directory(value);
    if (is(key, "version")) version = release(value);
    if (is(key, "version_info")) version_info = release(value);
  }
  return (struct pyvenv){.python = version ? version : version_info, .home = home};
}
