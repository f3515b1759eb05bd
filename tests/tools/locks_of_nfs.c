// The locks of NFS 4, as a preloaded library: an exclusive one needs a file that is open for writing (flock(2)).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

int flock(int descriptor, int operation) {
  if ((operation & LOCK_EX) && (fcntl(descriptor, F_GETFL) & O_ACCMODE) == O_RDONLY) {
    errno = EBADF;
    return -1;
  }
  return (int)syscall(SYS_flock, descriptor, operation);
}
