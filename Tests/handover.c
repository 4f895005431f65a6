// Preloaded by Tests/sanitize.sh: the thread sanitizer does not see all that Swift's libraries, which were not built for it, do
// to let two threads touch something one after the other, and takes that for a race. This stands before their functions and
// tells it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

void __tsan_acquire(void *) __attribute__((weak));
void __tsan_release(void *) __attribute__((weak));

// Mutex, when it has to wait.

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void lock(uint32_t thread, SELF) __asm__(LOCK);
SWIFT bool try_lock(SELF) __asm__(TRY_LOCK);
SWIFT void unlock(SELF) __asm__(UNLOCK);

SWIFT void lock(uint32_t thread, SELF) {
    ((SWIFT void (*)(uint32_t, SELF))dlsym(RTLD_NEXT, LOCK))(thread, self);
    if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT bool try_lock(SELF) {
    bool is_locked = ((SWIFT bool (*)(SELF))dlsym(RTLD_NEXT, TRY_LOCK))(self);
    if (is_locked && __tsan_acquire) __tsan_acquire(self);
    return is_locked;
}

SWIFT void unlock(SELF) {
    if (__tsan_release) __tsan_release(self);
    ((SWIFT void (*)(SELF))dlsym(RTLD_NEXT, UNLOCK))(self);
}

// A continuation that is resumed before its task waits for it. Resuming releases (swift_continuation_resume), and a task that
// waits acquires as it goes on, but not one that finds that it need not wait. So what follows a wait is put off by one step,
// which acquires. Where it was meant to go on is kept by the continuation's address.

typedef __attribute__((swiftasynccall)) void (*Resume)(__attribute__((swift_async_context)) void *);
typedef __attribute__((swiftasynccall)) void (*Await)(void *);

// How the context of each asynchronous function begins.
struct context {
    void *parent;
    Resume resume;
};

struct waiting {
    struct waiting *next;
    struct context *context;
    Resume resume;
};

#define BUCKETS 4096
static struct waiting *buckets[BUCKETS];
// Not a mutex: the sanitizer would take it for what orders the threads.
static atomic_flag is_busy = ATOMIC_FLAG_INIT;
static Await await;

void *swift_task_getCurrent(void) __attribute__((swiftcall, weak));

static struct waiting **bucket(struct context *context) { return &buckets[((uintptr_t)context >> 4) % BUCKETS]; }

static void keep(struct context *context) {
    struct waiting *waiting = malloc(sizeof *waiting), **first = bucket(context);
    *waiting = (struct waiting){NULL, context, context->resume};
    while (atomic_flag_test_and_set(&is_busy)) sched_yield();
    waiting->next = *first;
    *first = waiting;
    atomic_flag_clear(&is_busy);
}

static Resume taken(struct context *context) {
    while (atomic_flag_test_and_set(&is_busy)) sched_yield();
    struct waiting **place = bucket(context);
    while ((*place)->context != context) place = &(*place)->next;
    struct waiting *waiting = *place;
    *place = waiting->next;
    atomic_flag_clear(&is_busy);
    Resume resume = waiting->resume;
    free(waiting);
    return resume;
}

static __attribute__((swiftasynccall)) void go_on(__attribute__((swift_async_context)) void *context) {
    __tsan_acquire(swift_task_getCurrent());
    Resume resume = taken(context);
    ((struct context *)context)->resume = resume;
    return resume(context);
}

static __attribute__((swiftasynccall)) void await_first(void *continuation) {
    keep(continuation);
    ((struct context *)continuation)->resume = go_on;
    return await(continuation);
}

// The library calls swift_continuation_await directly, so that no other function can stand before it by its name: the first
// instructions of it become a jump, and go on elsewhere.
#ifdef __x86_64__
static const uint8_t beginning[] = {
    0x55, 0x48, 0x89, 0xe5, 0x41, 0x57, 0x41, 0x54, 0x53, 0x48, 0x83, 0xec, 0x38, // pushes of registers, room on the stack
};

__attribute__((constructor)) static void divert(void) {
    uint8_t *function = dlsym(RTLD_DEFAULT, "swift_continuation_await");
    if (!__tsan_acquire || !function) return;
    if (memcmp(function, beginning, sizeof beginning)) {
        fputs("handover.c: another Swift: its continuations may be reported as races\n", stderr);
        return;
    }
    uintptr_t page = sysconf(_SC_PAGESIZE), start = (uintptr_t)function & -page, size = (uintptr_t)function - start + page;
    uint8_t *rest = mmap(NULL, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (rest == MAP_FAILED || mprotect((void *)start, size, PROT_READ | PROT_WRITE | PROT_EXEC)) abort();
    uint8_t jump[] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0}; // movabs $…, %rax; jmp *%rax
    Await hook = await_first;
    memcpy(jump + 2, &hook, 8);
    uint8_t back[] = {0xff, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}; // jmp *(%rip), the address follows
    uint8_t *following = function + sizeof beginning;
    memcpy(back + 6, &following, 8);
    memcpy(rest, beginning, sizeof beginning);
    memcpy(rest + sizeof beginning, back, sizeof back);
    memcpy(&await, &rest, sizeof rest);
    memcpy(function, jump, sizeof jump);
    if (mprotect((void *)start, size, PROT_READ | PROT_EXEC)) abort();
}
#endif
