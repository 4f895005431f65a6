#include "CFork.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

int cfork_fork(void) {
    int id = fork();
    if (id == 0) {
        // As in a child of the main thread; the threads of a pool block signals.
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
    }
    return id;
}
