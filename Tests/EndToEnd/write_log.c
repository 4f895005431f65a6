// Logs what a process does to the files below WRITE_LOG_ROOT, in order and with the bytes, so that a test can put the
// files together as they stood after any of these writes. Loaded with LD_PRELOAD.
//
// A record: operation (1 byte), length of the path, length of a second path, offset, length of the data (little-endian,
// 4, 4, 8, 8 bytes), then the paths and the data. Operations: Created, Written, Truncated (offset = new size), Synced,
// Renamed (to the second path), Unlinked.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t order = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static int log_file = -1;
static const char *root;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    root = getenv("WRITE_LOG_ROOT");
    const char *path = getenv("WRITE_LOG");
    if (root && path) log_file = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

/// The path below the root, or NULL for other files and for those that no restart reads.
static const char *below(const char *path) {
    size_t length = root ? strlen(root) : 0;
    if (log_file < 0 || !path || strncmp(path, root, length) != 0) return NULL;
    const char *rest = path + length;
    return strstr(rest, "holdfast.lock") || strstr(rest, "-shm") ? NULL : rest;
}

static const char *path_of(int file) {
    static __thread char path[4096];
    char link[64];
    if (log_file < 0 || file == log_file) return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return NULL;
    path[length] = 0;
    return below(path);
}

static void record(char operation, const char *path, const char *second, uint64_t offset, const void *data, uint64_t size) {
    struct __attribute__((packed)) {
        char operation;
        uint32_t path, second;
        uint64_t offset, size;
    } head = {operation, strlen(path), second ? strlen(second) : 0, offset, size};
    __typeof__(&write) put = REAL(write);
    if (put(log_file, &head, sizeof head) < 0 || put(log_file, path, head.path) < 0) abort();
    if (second && put(log_file, second, head.second) < 0) abort();
    for (uint64_t done = 0; done < size;) {
        ssize_t count = put(log_file, (const char *)data + done, size - done);
        if (count < 0) abort();
        done += count;
    }
}

static ssize_t logged_pwrite(int file, const void *data, size_t size, off_t offset) {
    const char *path = path_of(file);
    if (!path) return REAL(pwrite)(file, data, size, offset);
    pthread_mutex_lock(&order);
    ssize_t written = REAL(pwrite)(file, data, size, offset);
    if (written > 0) record('W', path, NULL, offset, data, written);
    pthread_mutex_unlock(&order);
    return written;
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset) { return logged_pwrite(file, data, size, offset); }
ssize_t pwrite64(int file, const void *data, size_t size, off_t offset) { return logged_pwrite(file, data, size, offset); }

ssize_t write(int file, const void *data, size_t size) {
    const char *path = path_of(file);
    if (!path) return REAL(write)(file, data, size);
    pthread_mutex_lock(&order);
    ssize_t written = REAL(write)(file, data, size);
    if (written > 0) record('W', path, NULL, lseek(file, 0, SEEK_CUR) - written, data, written);
    pthread_mutex_unlock(&order);
    return written;
}

ssize_t sendfile(int to, int from, off_t *offset, size_t size) {
    const char *found = path_of(to);
    if (!found) return REAL(sendfile)(to, from, offset, size);
    char path[4096];
    snprintf(path, sizeof path, "%s", found);
    pthread_mutex_lock(&order);
    off_t target = lseek(to, 0, SEEK_CUR), source = *offset;
    ssize_t sent = REAL(sendfile)(to, from, offset, size);
    if (sent > 0) {
        char *copy = malloc(sent);
        if (pread(from, copy, sent, source) != sent) abort();
        record('W', path, NULL, target, copy, sent);
        free(copy);
    }
    pthread_mutex_unlock(&order);
    return sent;
}

static int logged_truncate(int file, off_t size) {
    const char *path = path_of(file);
    if (!path) return REAL(ftruncate)(file, size);
    pthread_mutex_lock(&order);
    int result = REAL(ftruncate)(file, size);
    if (result == 0) record('T', path, NULL, size, NULL, 0);
    pthread_mutex_unlock(&order);
    return result;
}

int ftruncate(int file, off_t size) { return logged_truncate(file, size); }
int ftruncate64(int file, off_t size) { return logged_truncate(file, size); }

static int logged_sync(int file, int (*sync)(int)) {
    const char *path = path_of(file);
    if (!path) return sync(file);
    // Writes of others wait: what is on disk afterwards is exactly what was written before.
    pthread_mutex_lock(&order);
    int result = sync(file);
    if (result == 0) record('S', path, NULL, 0, NULL, 0);
    pthread_mutex_unlock(&order);
    return result;
}

int fdatasync(int file) { return logged_sync(file, REAL(fdatasync)); }
int fsync(int file) { return logged_sync(file, REAL(fsync)); }

int rename(const char *from, const char *to) {
    pthread_mutex_lock(&order);
    int result = REAL(rename)(from, to);
    if (result == 0 && below(from) && below(to)) record('R', below(from), below(to), 0, NULL, 0);
    pthread_mutex_unlock(&order);
    return result;
}

int unlink(const char *path) {
    pthread_mutex_lock(&order);
    int result = REAL(unlink)(path);
    if (result == 0 && below(path)) record('U', below(path), NULL, 0, NULL, 0);
    pthread_mutex_unlock(&order);
    return result;
}

static int logged_open(const char *path, int flags, int mode) {
    const char *name = below(path);
    if (!name || !(flags & (O_CREAT | O_TRUNC))) return REAL(open)(path, flags, mode);
    struct stat status;
    pthread_mutex_lock(&order);
    int existed = stat(path, &status) == 0;
    int file = REAL(open)(path, flags, mode);
    if (file >= 0 && !existed) record('C', name, NULL, 0, NULL, 0);
    else if (file >= 0 && (flags & O_TRUNC)) record('T', name, NULL, 0, NULL, 0);
    pthread_mutex_unlock(&order);
    return file;
}

int open(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    int mode = flags & O_CREAT ? va_arg(list, int) : 0;
    va_end(list);
    return logged_open(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    int mode = flags & O_CREAT ? va_arg(list, int) : 0;
    va_end(list);
    return logged_open(path, flags, mode);
}
