/* The load engine: threads with non-blocking sockets and an epoll loop each. run.c and engine.c begin with its theory
   of operation. */
#ifndef UPECHO_ENGINE_H
#define UPECHO_ENGINE_H

#include "plan.h"

/* What the engine calls while it runs, always in the thread of the caller. A function that returns something else than
   0 makes the run end. */
typedef struct {
    int (*check_signals)(void *context); /* several times a second */
    int (*mark)(void *context);          /* immediately before the load and immediately after it */
    void *context;
} Callbacks;

enum { RUN_DONE, RUN_INTERRUPTED, RUN_OUT_OF_MEMORY, RUN_SYSTEM_ERROR };

/* Carry out a plan, and fill in one result for each of its threads. After RUN_SYSTEM_ERROR, errno and *operation say
   which system call failed and why. */
int engine_run(const Plan *plan, const Callbacks *callbacks, Result **results, const char **operation);

#endif
