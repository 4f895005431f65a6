#include "csqlite.h"

#include <sqlite3.h>

// A function of its own, because Swift does not import functions with a variable number of arguments.
int csqlite_disable_memory_statistics(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }
