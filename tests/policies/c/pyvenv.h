// What pyvenv.cfg tells.

#pragma once
#include <stddef.h>

enum { PYVENV_LIMIT = 64 * 1024 }; // enough for any that a tool wrote

struct pyvenv {
  const char *python; // version such as 3.11.2, or NULL
  const char *home;   // directory of the interpreter it was made from, or NULL
};

struct pyvenv pyvenv_parse(const char *bytes, size_t len);
