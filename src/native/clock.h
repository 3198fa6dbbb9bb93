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

/* Wait without sleeping and return the time. The pause instruction leaves the core's execution units to a hyperthread
   that shares them. */
static inline int64_t
clock_spin_until_ns(int64_t end_ns)
{
    int64_t now_ns;
    do {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ volatile("yield");
#endif
        now_ns = clock_now_ns();
    } while (now_ns < end_ns);
    return now_ns;
}

#endif
