#define _GNU_SOURCE
#include "usage.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "clock.h"

/* The file has three numbers: nanoseconds on a processor, nanoseconds waiting for one, and timeslices. */
#define SCHEDSTAT "/proc/thread-self/schedstat"

static int64_t
waited_ns(void)
{
    int64_t waited = 0;
    FILE *file = fopen(SCHEDSTAT, "re");
    if (!file)
        return 0;
    if (fscanf(file, "%*d %" SCNd64, &waited) != 1)
        waited = 0;
    fclose(file);
    return waited;
}

Usage
usage_now(void)
{
    struct rusage used = {0};
    struct timespec cpu = {0};
    int64_t waited = waited_ns();
    getrusage(RUSAGE_THREAD, &used);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    return (Usage){cpu.tv_sec * NS_PER_SECOND + cpu.tv_nsec, waited, used.ru_nivcsw};
}

Usage
usage_difference(Usage first, Usage last)
{
    return (Usage){last.cpu_ns - first.cpu_ns, last.waited_ns - first.waited_ns, last.switches - first.switches};
}
