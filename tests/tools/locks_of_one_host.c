// A mount that keeps its locks to this host, as NFS does with local_lock=flock, as a preloaded library: every lock is had,
// for there is one sweep on each host, and $PRETEND_HOST is the host's name.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

int flock(int descriptor, int operation) {
  (void)descriptor;
  (void)operation;
  return 0;
}

int gethostname(char* name, size_t size) {
  const char* host = getenv("PRETEND_HOST");
  strncpy(name, host != NULL ? host : "nowhere", size);
  return 0;
}
