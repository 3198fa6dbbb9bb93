/* What a thread has used of the processors. */
#ifndef UPECHO_USAGE_H
#define UPECHO_USAGE_H

#include <stdint.h>

typedef struct {
    int64_t cpu_ns;
    int64_t waited_ns; /* ready to run, but without a processor; 0 if the system does not report it */
    int64_t switches;  /* involuntary context switches */
} Usage;

/* Return what this thread has used since it began. */
Usage usage_now(void);

Usage usage_difference(Usage first, Usage last);

#endif
