// A file system without locks on another host, as a preloaded library: flock fails, and $PRETEND_HOST is the host's name.
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

int flock(int descriptor, int operation) {
  (void)descriptor;
  if (operation == LOCK_UN) return 0;
  errno = ENOLCK;
  return -1;
}

int gethostname(char* name, size_t size) {
  const char* host = getenv("PRETEND_HOST");
  strncpy(name, host != NULL ? host : "nowhere", size);
  return 0;
}
