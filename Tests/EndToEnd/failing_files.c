// Lets reads, changes or syncs of chosen files fail, as a broken disk or a file system that was mounted read-only does. Loaded
// with LD_PRELOAD. The file FAILING_FILES is a `struct failure` that a test may change at any time.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

struct failure {
    /// What reads, changes and syncs of the files fail with; 0: they do not.
    int32_t reads, changes, syncs, unused;
    /// A part of the files' paths.
    char part[240];
    /// How many calls have failed.
    int64_t count;
};

static struct failure *failure;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAILING_FILES");
    int file = path ? REAL(open)(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *page = mmap(NULL, sizeof *failure, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (page == MAP_FAILED) abort();
    failure = page;
    close(file);
}

/// Whether a call on the path fails with the error; then errno is set.
static int fails(int32_t error, const char *path) {
    if (!path || !strstr(path, failure->part)) return 0;
    __atomic_add_fetch(&failure->count, 1, __ATOMIC_RELAXED);
    errno = error;
    return 1;
}

static int file_fails(int32_t error, int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return fails(error, path);
}

#define READS (failure ? __atomic_load_n(&failure->reads, __ATOMIC_ACQUIRE) : 0)
#define CHANGES (failure ? __atomic_load_n(&failure->changes, __ATOMIC_ACQUIRE) : 0)

#define SYNCS (failure ? __atomic_load_n(&failure->syncs, __ATOMIC_ACQUIRE) : 0)

#define READING(result, name, parameters, ...)                          \
    result name parameters {                                            \
        int32_t error = READS;                                          \
        return error && file_fails(error, file) ? -1 : REAL(name)(__VA_ARGS__); \
    }
#define CHANGING(result, name, parameters, ...)                         \
    result name parameters {                                            \
        int32_t error = CHANGES;                                        \
        return error && file_fails(error, file) ? -1 : REAL(name)(__VA_ARGS__); \
    }
#define CHANGING_NAME(result, name, parameters, ...)                    \
    result name parameters {                                            \
        int32_t error = CHANGES;                                        \
        return error && fails(error, path) ? -1 : REAL(name)(__VA_ARGS__); \
    }

#define SYNCING(name)                                                   \
    int name(int file) {                                                \
        int32_t error = SYNCS;                                          \
        return error && file_fails(error, file) ? -1 : REAL(name)(file); \
    }

SYNCING(fsync)
SYNCING(fdatasync)

READING(ssize_t, read, (int file, void *data, size_t size), file, data, size)
READING(ssize_t, pread, (int file, void *data, size_t size, off_t at), file, data, size, at)
READING(ssize_t, pread64, (int file, void *data, size_t size, off64_t at), file, data, size, at)

CHANGING(ssize_t, pwrite, (int file, const void *data, size_t size, off_t at), file, data, size, at)
CHANGING(ssize_t, pwrite64, (int file, const void *data, size_t size, off64_t at), file, data, size, at)
CHANGING(int, ftruncate, (int file, off_t size), file, size)
CHANGING(int, ftruncate64, (int file, off64_t size), file, size)
CHANGING_NAME(int, rename, (const char *path, const char *target), path, target)
CHANGING_NAME(int, unlink, (const char *path), path)
CHANGING_NAME(int, mkdir, (const char *path, mode_t mode), path, mode)

// write(2) and sendfile(2) also serve sockets and logs, whose names have no part of a data directory's.
CHANGING(ssize_t, write, (int file, const void *data, size_t size), file, data, size)

ssize_t sendfile(int file, int from, off_t *at, size_t size) {
    int32_t changes = CHANGES, reads = READS;
    if ((changes && file_fails(changes, file)) || (reads && file_fails(reads, from))) return -1;
    return REAL(sendfile)(file, from, at, size);
}

ssize_t copy_file_range(int from, off64_t *at, int file, off64_t *to, size_t size, unsigned flags) {
    int32_t changes = CHANGES, reads = READS;
    if ((changes && file_fails(changes, file)) || (reads && file_fails(reads, from))) return -1;
    return REAL(copy_file_range)(from, at, file, to, size, flags);
}

#define OPENING(name)                                                              \
    int name(const char *path, int flags, ...) {                                   \
        va_list list;                                                              \
        va_start(list, flags);                                                     \
        int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, int) : 0;          \
        va_end(list);                                                              \
        int32_t error = flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC) ? CHANGES : 0; \
        return error && fails(error, path) ? -1 : REAL(name)(path, flags, mode);   \
    }

OPENING(open)
OPENING(open64)
