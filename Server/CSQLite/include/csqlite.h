#pragma once

/// Makes SQLite count its memory no more, which takes a lock for each allocation. Must come before anything else of SQLite;
/// later it does nothing and returns an error code.
int csqlite_disable_memory_statistics(void);
