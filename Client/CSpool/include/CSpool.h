#ifndef CSPOOL_H
#define CSPOOL_H

#include <spawn.h>
#include <stddef.h>
#include <stdint.h>

/// What the spool needs and Swift does not offer: a lock that survives fork(), ordered access to mapped memory, and
/// CRC-32C by the processor's instruction.

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of bytes, continuing from a previous checksum (0 at the start).
uint32_t cspool_crc32c(uint32_t seed, const void *_Nonnull bytes, size_t size);

/// Stores a value after everything that was stored before it.
void cspool_store_release(void *_Nonnull address, uint64_t value);
/// Loads a value before everything that is loaded after it.
uint64_t cspool_load_acquire(const void *_Nonnull address);

/// UNIX seconds.
double cspool_now(void);

/// A lock that is free in a child after fork(), with what it guards as it was when no thread held it.
typedef struct cspool_lock cspool_lock;
cspool_lock *_Nullable cspool_lock_make(void);
void cspool_lock_free(cspool_lock *_Nonnull lock);
void cspool_lock_take(cspool_lock *_Nonnull lock);
void cspool_lock_give(cspool_lock *_Nonnull lock);

/// How many forks lie between the process that began and this one.
uint64_t cspool_forks(void);
/// Opens a file that is closed in every child of fork() and in programs that are started, so that a child does not keep the
/// parent's file locks: not even one that is forked at this moment.
int cspool_open(const char *_Nonnull path, int flags);
/// Closes what was opened so.
void cspool_close(int descriptor);

/// Has a program that is started so close all descriptors but the three standard ones, where the C library can. Returns 0,
/// or an error's number.
int cspool_spawn_closes(posix_spawn_file_actions_t *_Nonnull actions);

/// Makes a mapping's pages present and writable now instead of at their first use. Only for memory not yet written.
/// Returns 0, or why a store would end the process.
int cspool_prefault(void *_Nonnull address, size_t size);
/// Keeps a mapping out of children of fork().
void cspool_not_in_child(void *_Nonnull address, size_t size);

/// Has SIGINT and SIGTERM, each where it would end the process now, write a byte with its number to a descriptor instead.
/// Programs that are started and children of fork() are ended by them as before. Returns how many signals that are.
int cspool_catch_termination(int descriptor);
/// Ends the process by a signal that was caught.
void cspool_end_by(int number);

#endif
