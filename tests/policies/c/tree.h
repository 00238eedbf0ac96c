// The project as the rules see it: read-only, and links are followed in one place only.

#pragma once
#include <stdbool.h>
#include <stddef.h>

enum file_type { NOTHING, DIRECTORY, REGULAR, LINK, OTHER };

struct entry {
  char *name;
  enum file_type type;
};

// Where a path leads.
struct place {
  enum { AT, MISSING, NOT_DIRECTORY, OUTSIDE, BROKEN, UNREADABLE } is;
  char *path; // AT, MISSING: all links resolved; NOT_DIRECTORY: what is none
  enum file_type type;
  bool linked;
  const char *how; // BROKEN, UNREADABLE: in words
};

// Once, before anything else: the guest path of the project.
void tree_open(const char *root);

// What stands at a path; with `error` set, nothing that can be looked at.
enum file_type tree_type(const char *path, const char **error);

// The entries of a directory, `count` of them.
struct entry *tree_entries(const char *path, size_t *count, const char **error);

// The first bytes of a regular file; none if it cannot be read.
char *tree_read(const char *path, size_t limit, size_t *len);

// Follows `path` below the directory `base` name by name. Hosts differ in how they follow a
// link out of a project; asking for one name at a time leaves nothing to differ in.
struct place tree_resolve(const char *base, const char *path);
