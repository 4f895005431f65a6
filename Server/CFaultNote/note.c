#include "CFaultNote.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_PATH = 4096, STACK_SIZE = 64 << 10, NUMBERS = 4, MOST_DIGITS = 20 };

static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE};
enum { SIGNALS = sizeof signals / sizeof *signals };

static struct sigaction earlier[SIGNALS];
static char notes[MOST_PATH];

static _Thread_local char current[MOST_PATH];
static _Thread_local int has_stack;

// From here to note(): only what signal-safety(7) allows.

static size_t put_number(char *out, unsigned long long number) {
  char digits[MOST_DIGITS];
  size_t count = 0;
  do {
    digits[count++] = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  for (size_t k = 0; k < count; k++) out[k] = digits[count - 1 - k];
  return count;
}

static void write_note(const char *path) {
  struct stat status;
  if (stat(path, &status) != 0) return;
  const unsigned long long numbers[NUMBERS] = {
      (unsigned long long)status.st_ino, (unsigned long long)status.st_size,
      (unsigned long long)status.st_mtim.tv_sec, (unsigned long long)status.st_mtim.tv_nsec};
  char line[NUMBERS * (MOST_DIGITS + 1)];
  size_t length = 0;
  for (int k = 0; k < NUMBERS; k++) {
    length += put_number(line + length, numbers[k]);
    line[length++] = ' ';
  }
  const int file = open(notes, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  // One thread at a time is in the library, so that these are never mixed with another's.
  if (file < 0 || write(file, line, length) < 0 || write(file, path, strlen(path)) < 0 || write(file, "\n", 1) < 0) return;
  fsync(file);
}

static void note(int number, siginfo_t *info, void *context) {
  (void)info;
  (void)context;
  if (current[0]) {
    write_note(current);
    current[0] = 0;
  }
  // The same signal comes again and ends the process, or goes to who handled it before: a fault when its instruction is run
  // again, any other when it is raised again, which waits for the return from here.
  for (int k = 0; k < SIGNALS; k++) {
    if (signals[k] == number) sigaction(number, &earlier[k], NULL);
  }
  raise(number);
}

int cfaultnote_install(const char *path) {
  const size_t length = strlen(path);
  if (length >= MOST_PATH) {
    errno = ENAMETOOLONG;
    return -1;
  }
  const int is_first = !notes[0];
  memcpy(notes, path, length + 1);
  if (!is_first) return 0;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = note;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (int k = 0; k < SIGNALS; k++) {
    if (sigaction(signals[k], &action, &earlier[k]) != 0) return -1;
  }
  return 0;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t stacks;

static void free_stack(void *memory) {
  const stack_t none = {.ss_flags = SS_DISABLE};
  sigaltstack(&none, NULL);
  free(memory);
}

static void make_key(void) { pthread_key_create(&stacks, free_stack); }

// A crash may be that the stack is full: the handler needs another one, until the thread ends.
static void provide_stack(void) {
  has_stack = 1;
  stack_t present;
  if (sigaltstack(NULL, &present) != 0 || !(present.ss_flags & SS_DISABLE)) return;
  pthread_once(&once, make_key);
  const stack_t stack = {.ss_sp = malloc(STACK_SIZE), .ss_flags = 0, .ss_size = STACK_SIZE};
  if (stack.ss_sp && pthread_setspecific(stacks, stack.ss_sp) == 0) sigaltstack(&stack, NULL);
}

void cfaultnote_enter(const char *path) {
  if (!path) {
    current[0] = 0;
    return;
  }
  if (!has_stack) provide_stack();
  const size_t length = strnlen(path, MOST_PATH - 1);
  // The first byte last: a crash in here finds no path rather than half of one.
  current[0] = 0;
  if (!length) return;
  memcpy(current + 1, path + 1, length - 1);
  current[length] = 0;
  *(volatile char *)current = path[0];
}
