/* Time in nanoseconds, by the clock that Python calls time.monotonic() and, on Linux, time.perf_counter(). */
#ifndef UPECHO_CLOCK_H
#define UPECHO_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

static inline int64_t
clock_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

#endif
