#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

enum { MAX_LINKS = 40 }; // as many as Linux follows in one path

static const char *root;

void tree_open(const char *path) { root = path; }

static char *at(const char *path) { return *path ? join(root, path) : format("%s", root); }

static const char *why(int code) {
  return code == EACCES || code == EPERM ? "permission denied" : strerror(code);
}

enum file_type tree_type(const char *path, const char **error) {
  struct stat data;
  *error = NULL;
  if (lstat(at(path), &data) == 0) {
    return S_ISDIR(data.st_mode) ? DIRECTORY : S_ISREG(data.st_mode) ? REGULAR : S_ISLNK(data.st_mode) ? LINK : OTHER;
  }
  if (errno != ENOENT && errno != ENOTDIR) *error = why(errno);
  return NOTHING;
}

struct entry *tree_entries(const char *path, size_t *count, const char **error) {
  struct entry *entries = NULL;
  *count = 0;
  *error = NULL;
  DIR *directory = opendir(at(path));
  if (!directory) {
    *error = why(errno);
    return NULL;
  }
  struct dirent *entry;
  while (errno = 0, (entry = readdir(directory))) {
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    unsigned char type = entry->d_type;
    entries = grown(entries, *count, sizeof *entries);
    entries[(*count)++] = (struct entry){
        .name = format("%s", entry->d_name),
        .type = type == DT_DIR ? DIRECTORY : type == DT_REG ? REGULAR : type == DT_LNK ? LINK : OTHER,
    };
  }
  if (errno) *error = why(errno);
  closedir(directory);
  return entries;
}

char *tree_read(const char *path, size_t limit, size_t *len) {
  char *bytes = malloc(limit);
  *len = 0;
  int file = open(at(path), O_RDONLY);
  if (file < 0 || !bytes) return bytes;
  for (ssize_t more = 1; more > 0 && *len < limit;) {
    more = read(file, bytes + *len, limit - *len);
    if (more > 0) *len += more;
    if (more < 0) *len = 0;
  }
  close(file);
  return bytes;
}

// The text of a link; "/" of an absolute one, which wasi:filesystem refuses to read.
static char *link_text(const char *path, const char **error) {
  static char text[65536];
  ssize_t len = readlink(at(path), text, sizeof text);
  *error = NULL;
  if (len >= 0) return format("%.*s", (int)len, text);
  if (errno == EPERM) return format("/");
  *error = why(errno);
  return NULL;
}

// Takes the first name off a path; what is left is NULL after the last one.
static char *take(char **path) {
  char *name = *path, *slash = strchr(name, '/');
  *path = slash ? slash + 1 : NULL;
  return slash ? format("%.*s", (int)(slash - name), name) : name;
}

static struct place broken(const char *how) { return (struct place){.is = BROKEN, .how = how}; }

static struct place follow(const char *base, const char *path) {
  char *here = format("%s", base), *asked = format("%s", path), *brought = NULL;
  enum file_type type = DIRECTORY;
  const char *error;
  int links = 0;
  while (asked || brought) {
    bool from_link = brought != NULL;
    char *name = take(from_link ? &brought : &asked);
    if (type != DIRECTORY) {
      return links ? broken("is a dangling link") : (struct place){.is = NOT_DIRECTORY, .path = here};
    }
    if (!*name || !strcmp(name, ".")) continue;
    if (!strcmp(name, "..")) {
      if (!*here) return (struct place){.is = OUTSIDE};
      char *slash = strrchr(here, '/');
      *(slash ? slash : here) = '\0';
      continue;
    }
    char *step = join(here, name);
    enum file_type found = tree_type(step, &error);
    if (error) return (struct place){.is = UNREADABLE, .how = error};
    if (found == NOTHING && from_link) return broken("is a dangling link");
    if (found == NOTHING) {
      char *missing = asked ? join(step, asked) : step;
      return (struct place){.is = MISSING, .path = missing, .linked = links > 0};
    }
    if (found != LINK) {
      here = step;
      type = found;
      continue;
    }
    if (++links > MAX_LINKS) return broken("is a link that leads in a circle");
    char *text = link_text(step, &error);
    if (error) return (struct place){.is = UNREADABLE, .how = error};
    if (*text == '/') return (struct place){.is = OUTSIDE};
    brought = brought ? format("%s/%s", text, brought) : text;
  }
  return (struct place){.is = AT, .path = here, .type = type, .linked = links > 0};
}

struct place tree_resolve(const char *base, const char *path) {
  struct place place = follow(base, path);
  if (place.linked && !sayable_name(place.path)) return broken("leads to a path with a control character");
  return place;
}
