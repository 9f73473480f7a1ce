// Makes the operating system lie on demand: preloaded into the server, steered through a file that both sides map.
//
//   CHAT4ALL_FAULTS_CONTROL   the file: struct control
//
// fsync, fdatasync and sync_file_range fail with `sync_errno` while it is not 0; the wall clock is off by
// `clock_offset_ns`.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct control {
  _Atomic int32_t sync_errno;
  _Atomic int32_t syncs_failed;
  _Atomic int64_t clock_offset_ns;
  char only[64];  // not empty: only files whose path contains it fail
};

static struct control* control;

__attribute__((constructor)) static void attach(void) {
  const char* path = getenv("CHAT4ALL_FAULTS_CONTROL");
  if (!path) return;
  int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) abort();
  void* mapped = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (mapped == MAP_FAILED) abort();
  control = mapped;
}

static int must_fail(int file) {
  int error = control ? atomic_load(&control->sync_errno) : 0;
  if (error == 0) return 0;
  if (control->only[0]) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (!strstr(path, control->only)) return 0;
  }
  atomic_fetch_add(&control->syncs_failed, 1);
  errno = error;
  return 1;
}

int fsync(int file) { return must_fail(file) ? -1 : (int)syscall(SYS_fsync, file); }
int fdatasync(int file) { return must_fail(file) ? -1 : (int)syscall(SYS_fdatasync, file); }
int sync_file_range(int file, off64_t offset, off64_t bytes, unsigned flags) {
  return must_fail(file) ? -1 : (int)syscall(SYS_sync_file_range, file, offset, bytes, flags);
}

static int64_t offset_ns(void) { return control ? atomic_load(&control->clock_offset_ns) : 0; }

// By the system call, not by the next library's function: sanitizers ask for the time before anything can be looked up.
int clock_gettime(clockid_t clock, struct timespec* now) {
  int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    int64_t total = now->tv_sec * INT64_C(1000000000) + now->tv_nsec + offset_ns();
    now->tv_sec = total / INT64_C(1000000000);
    now->tv_nsec = total % INT64_C(1000000000);
  }
  return result;
}

int gettimeofday(struct timeval* now, void* zone) {
  (void)zone;
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* result) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (result) *result = exact.tv_sec;
  return exact.tv_sec;
}
