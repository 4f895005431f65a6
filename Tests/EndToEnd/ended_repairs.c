/* For LD_PRELOAD: the processes in which a server has its files repaired end before they have begun. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

__attribute__((constructor)) static void end_repairs(void) {
    char words[4096];
    FILE *line = fopen("/proc/self/cmdline", "r");
    if (line == NULL) return;
    size_t size = fread(words, 1, sizeof words, line);
    fclose(line);
    for (size_t start = 0; start < size; start += strnlen(words + start, size - start) + 1) {
        if (strncmp(words + start, "repair-file", size - start) != 0) continue;
        /* By then the server has sent what is to be done: it is lost unread. */
        usleep(200000);
        _exit(1);
    }
}
