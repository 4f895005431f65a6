#define _GNU_SOURCE
#include "CSpool.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

// MARK: CRC-32C

static uint32_t table[8][256];

static void make_table(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78u : 0);
        table[0][byte] = crc;
    }
    for (int slice = 1; slice < 8; slice++)
        for (int byte = 0; byte < 256; byte++)
            table[slice][byte] = (table[slice - 1][byte] >> 8) ^ table[0][table[slice - 1][byte] & 0xFF];
}

static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static uint32_t crc_by_table(uint32_t crc, const unsigned char *bytes, size_t size) {
    pthread_once(&table_once, make_table);
    while (size >= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        word ^= crc;
        crc = 0;
        for (int slice = 0; slice < 8; slice++) crc ^= table[7 - slice][(word >> (8 * slice)) & 0xFF];
        bytes += 8;
        size -= 8;
    }
    while (size--) crc = (crc >> 8) ^ table[0][(crc ^ *bytes++) & 0xFF];
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_by_instruction(
    uint32_t crc, const unsigned char *bytes, size_t size
) {
    uint64_t wide = crc;
    while (size >= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        wide = __builtin_ia32_crc32di(wide, word);
        bytes += 8;
        size -= 8;
    }
    crc = (uint32_t)wide;
    while (size--) crc = __builtin_ia32_crc32qi(crc, *bytes++);
    return crc;
}
#endif

uint32_t cspool_crc32c(uint32_t seed, const void *bytes, size_t size) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return ~crc_by_instruction(~seed, bytes, size);
#endif
    return ~crc_by_table(~seed, bytes, size);
}

// MARK: Memory

void cspool_store_release(void *address, uint64_t value) {
    __atomic_store_n((uint64_t *)address, value, __ATOMIC_RELEASE);
}

uint64_t cspool_load_acquire(const void *address) {
    return __atomic_load_n((const uint64_t *)address, __ATOMIC_ACQUIRE);
}

int cspool_prefault(void *address, size_t size) {
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
    while (madvise(address, size, MADV_POPULATE_WRITE) != 0) {
        if (errno == EINTR || errno == EAGAIN) continue;
        // A store would be SIGBUS where the file system has no block after all.
        if (errno != EINVAL) return errno == EFAULT ? ENOSPC : errno;
        // Kernels before 5.14: a store to each page does the same.
        long page = sysconf(_SC_PAGESIZE);
        for (size_t offset = 0; offset < size; offset += (size_t)page) ((volatile char *)address)[offset] = 0;
        break;
    }
    return 0;
}

void cspool_not_in_child(void *address, size_t size) { madvise(address, size, MADV_DONTFORK); }

double cspool_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

// MARK: fork()

struct cspool_lock {
    pthread_mutex_t mutex;
    struct cspool_lock *next;
};

enum { MOST_DESCRIPTORS = 1024 };

/// The order in which they are taken: `registry`, then each lock, then `openings`, for files are opened under a lock.
static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;
static struct cspool_lock *locks;
static pthread_mutex_t openings = PTHREAD_MUTEX_INITIALIZER;
static int descriptors[MOST_DESCRIPTORS];
static int descriptor_count;
static uint64_t forks;
static pthread_once_t handlers_once = PTHREAD_ONCE_INIT;

static void before_fork(void) {
    pthread_mutex_lock(&registry);
    for (struct cspool_lock *lock = locks; lock; lock = lock->next) pthread_mutex_lock(&lock->mutex);
    pthread_mutex_lock(&openings);
}

static void after_fork_in_parent(void) {
    pthread_mutex_unlock(&openings);
    for (struct cspool_lock *lock = locks; lock; lock = lock->next) pthread_mutex_unlock(&lock->mutex);
    pthread_mutex_unlock(&registry);
}

static void let_end(void);

static void after_fork_in_child(void) {
    let_end();
    __atomic_add_fetch(&forks, 1, __ATOMIC_RELAXED);
    for (struct cspool_lock *lock = locks; lock; lock = lock->next) pthread_mutex_init(&lock->mutex, NULL);
    for (int index = 0; index < descriptor_count; index++) close(descriptors[index]);
    descriptor_count = 0;
    pthread_mutex_init(&openings, NULL);
    pthread_mutex_init(&registry, NULL);
}

static void add_handlers(void) { pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child); }

cspool_lock *cspool_lock_make(void) {
    pthread_once(&handlers_once, add_handlers);
    cspool_lock *lock = malloc(sizeof *lock);
    if (!lock) return NULL;
    pthread_mutex_init(&lock->mutex, NULL);
    pthread_mutex_lock(&registry);
    lock->next = locks;
    locks = lock;
    pthread_mutex_unlock(&registry);
    return lock;
}

void cspool_lock_free(cspool_lock *lock) {
    pthread_mutex_lock(&registry);
    for (struct cspool_lock **place = &locks; *place; place = &(*place)->next) {
        if (*place != lock) continue;
        *place = lock->next;
        break;
    }
    pthread_mutex_unlock(&registry);
    pthread_mutex_destroy(&lock->mutex);
    free(lock);
}

void cspool_lock_take(cspool_lock *lock) { pthread_mutex_lock(&lock->mutex); }
void cspool_lock_give(cspool_lock *lock) { pthread_mutex_unlock(&lock->mutex); }

uint64_t cspool_forks(void) { return __atomic_load_n(&forks, __ATOMIC_RELAXED); }

int cspool_open(const char *path, int flags) {
    pthread_once(&handlers_once, add_handlers);
    pthread_mutex_lock(&openings);
    int descriptor = -1;
    if (descriptor_count < MOST_DESCRIPTORS) {
        descriptor = open(path, flags | O_CLOEXEC, 0600);
        if (descriptor >= 0) descriptors[descriptor_count++] = descriptor;
    } else {
        errno = EMFILE;
    }
    int code = errno;
    pthread_mutex_unlock(&openings);
    errno = code;
    return descriptor;
}

void cspool_close(int descriptor) {
    pthread_mutex_lock(&openings);
    for (int index = 0; index < descriptor_count; index++) {
        if (descriptors[index] != descriptor) continue;
        descriptors[index] = descriptors[--descriptor_count];
        close(descriptor);
        break;
    }
    pthread_mutex_unlock(&openings);
}

int cspool_spawn_closes(posix_spawn_file_actions_t *actions) {
#if __GLIBC__ > 2 || (__GLIBC__ == 2 && __GLIBC_MINOR__ >= 34)
    return posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
#else
    (void)actions;
    return 0;
#endif
}

// MARK: Signals

static const int signals[] = {SIGINT, SIGTERM};
enum { SIGNAL_COUNT = sizeof signals / sizeof *signals };
static int is_caught[SIGNAL_COUNT];
static volatile int alarm_descriptor = -1;

static void told(int number) {
    int code = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t written = write(alarm_descriptor, &byte, 1);
    (void)written;
    errno = code;
}

static void set_handler(int number, void (*handler)(int)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

int cspool_catch_termination(int descriptor) {
    pthread_once(&handlers_once, add_handlers);
    alarm_descriptor = descriptor;
    int count = 0;
    for (int index = 0; index < SIGNAL_COUNT; index++) {
        struct sigaction current;
        if (sigaction(signals[index], NULL, &current) != 0 || current.sa_handler != SIG_DFL) continue;
        set_handler(signals[index], told);
        is_caught[index] = 1;
        count++;
    }
    return count;
}

static void let_end(void) {
    for (int index = 0; index < SIGNAL_COUNT; index++) {
        struct sigaction current;
        if (!is_caught[index] || sigaction(signals[index], NULL, &current) != 0 || current.sa_handler != told) continue;
        set_handler(signals[index], SIG_DFL);
        is_caught[index] = 0;
    }
}

void cspool_end_by(int number) {
    set_handler(number, SIG_DFL);
    kill(getpid(), number);
}
