#ifndef CFORK_H
#define CFORK_H

/// fork(), which Swift does not let call.
int cfork_fork(void);

#endif
