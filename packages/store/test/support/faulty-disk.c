/*
 * A disk that fails at a chosen moment. Loaded by LD_PRELOAD, this stands between a process and the C library: it counts the calls that
 * change what is in one folder (STELE_DISK_FOLDER), and does with those from `first` to `last` what `action` says. These numbers are in
 * a file (STELE_DISK_CONTROL), which may be read and written at any time.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* What may happen to a call, besides the errors of errno, which are above 0. */
enum { KILL = 0, HALF_THEN_KILL = -1, SHORT = -2, NOTHING = -3 };

static struct { int64_t count, first, last, action; } *control;
static const char *folder;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("STELE_DISK_CONTROL");
  folder = getenv("STELE_DISK_FOLDER");
  int file = path == NULL || folder == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
  void *mapped = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) {
    fputs("faulty-disk: no control file, or no folder\n", stderr);
    _exit(70);
  }
  close(file);
  control = mapped;
}

static int is_within(const char *path) {
  size_t length = control == NULL ? 0 : strlen(folder);
  return length > 0 && strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static int is_file_within(int file) {
  char link[32], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) return 0;
  path[size] = '\0';
  return is_within(path);
}

/* Counts a call, and says what happens to it. */
static int64_t verdict(int counts) {
  if (!counts) return NOTHING;
  int64_t number = __atomic_add_fetch(&control->count, 1, __ATOMIC_SEQ_CST);
  return number >= control->first && number <= control->last ? control->action : NOTHING;
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* For what happens as a whole or not at all. */
#define WHOLE(counts, call)                     \
  do {                                          \
    int64_t what = verdict(counts);             \
    if (what == KILL || what == HALF_THEN_KILL) die(); \
    if (what > 0) {                             \
      errno = (int)what;                        \
      return -1;                                \
    }                                           \
    return call;                                \
  } while (0)

/* For writes: one that fails has written the half, unless nothing may be written at all. */
#define WRITE(call)                             \
  do {                                          \
    int64_t what = verdict(is_file_within(file)); \
    if (what == KILL) die();                    \
    if (what != NOTHING) size = (size + 1) / 2; \
    ssize_t written = what == EROFS ? 0 : call; \
    if (what == HALF_THEN_KILL) die();          \
    if (what > 0) {                             \
      errno = (int)what;                        \
      return -1;                                \
    }                                           \
    return written;                             \
  } while (0)

ssize_t write(int file, const void *bytes, size_t size) { WRITE(REAL(write)(file, bytes, size)); }
ssize_t pwrite(int file, const void *bytes, size_t size, off_t at) { WRITE(REAL(pwrite)(file, bytes, size, at)); }
ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t at) { WRITE(REAL(pwrite64)(file, bytes, size, at)); }
ssize_t writev(int file, const struct iovec *pieces, int size) { WRITE(REAL(writev)(file, pieces, size)); }
ssize_t pwritev(int file, const struct iovec *pieces, int size, off_t at) { WRITE(REAL(pwritev)(file, pieces, size, at)); }
ssize_t pwritev64(int file, const struct iovec *pieces, int size, off64_t at) { WRITE(REAL(pwritev64)(file, pieces, size, at)); }

int fsync(int file) { WHOLE(is_file_within(file), REAL(fsync)(file)); }
int fdatasync(int file) { WHOLE(is_file_within(file), REAL(fdatasync)(file)); }
int ftruncate(int file, off_t size) { WHOLE(is_file_within(file), REAL(ftruncate)(file, size)); }
int ftruncate64(int file, off64_t size) { WHOLE(is_file_within(file), REAL(ftruncate64)(file, size)); }

int rename(const char *from, const char *to) { WHOLE(is_within(to), REAL(rename)(from, to)); }
int link(const char *from, const char *to) { WHOLE(is_within(to), REAL(link)(from, to)); }
int unlink(const char *path) { WHOLE(is_within(path), REAL(unlink)(path)); }
int mkdir(const char *path, mode_t mode) { WHOLE(is_within(path), REAL(mkdir)(path, mode)); }
int rmdir(const char *path) { WHOLE(is_within(path), REAL(rmdir)(path)); }

#define WRITES(flags) (((flags) & O_ACCMODE) != O_RDONLY || ((flags) & O_CREAT) != 0)
#define OPEN(name)                                                                  \
  int name(const char *path, int flags, ...) {                                      \
    va_list rest;                                                                   \
    va_start(rest, flags);                                                          \
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;                \
    va_end(rest);                                                                   \
    WHOLE(WRITES(flags) && is_within(path), REAL(name)(path, flags, mode));         \
  }
OPEN(open)
OPEN(open64)
