/* The load engine: one thread, sockets that never block, a readiness loop around them. */
#ifndef UPECHO_ENGINE_H
#define UPECHO_ENGINE_H

#include "plan.h"

/* How the engine calls back; each function returns 0, or something else to have the run end. */
typedef struct {
    int (*interrupted)(void *caller); /* several times a second */
    int (*mark)(void *caller);        /* before the first request counts, and after the last reply */
    void *caller;
} Calls;

enum { RUN_DONE, RUN_CALLED_OFF, RUN_OUT_OF_MEMORY, RUN_BROKEN_SYSTEM };

/* Carry out a plan. After RUN_BROKEN_SYSTEM errno and *operation tell what this system refused. */
int engine_run(const Plan *plan, const Calls *calls, Result *result, const char **operation);

#endif
