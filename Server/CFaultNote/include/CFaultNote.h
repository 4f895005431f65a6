#ifndef CFAULTNOTE_H
#define CFAULTNOTE_H

#include <stddef.h>

// Notes which file a thread was in when it crashed (SIGSEGV, SIGBUS, SIGABRT, SIGFPE), so that the next process leaves that
// file alone. A note is a line "INODE SIZE SECONDS NANOSECONDS PATH": the file as it was, by stat(2).

/// Has crashes noted in a file, which is made when there is one. The process still ends as it would have.
/// Returns 0, or -1 with errno.
int cfaultnote_install(const char *notes);

/// Says which file the calling thread is in until it is in another, or in none (NULL). Costs a copy of the path.
void cfaultnote_enter(const char *path);

#endif
