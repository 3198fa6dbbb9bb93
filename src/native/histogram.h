/* Counts of values in the buckets of an HdrHistogram with three significant digits.
 *
 * A value below 2048 has a bucket of its own; above that each power of two is divided into 1024 buckets. A value beyond
 * HISTOGRAM_HIGHEST is counted as HISTOGRAM_HIGHEST. load/histogram.py has the same layout; the module exports these
 * constants, and native_engine.py compares them with its own.
 */
#ifndef UPECHO_HISTOGRAM_H
#define UPECHO_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_HIGHEST INT64_C(3600000000000) /* an hour in nanoseconds */
#define HISTOGRAM_HIGHEST_BITS 42                /* the length of that number */
#define HISTOGRAM_LINEAR_BITS 10                 /* a power of two has 2^10 buckets */
#define HISTOGRAM_BUCKETS ((HISTOGRAM_HIGHEST_BITS - HISTOGRAM_LINEAR_BITS + 1) << HISTOGRAM_LINEAR_BITS)

_Static_assert(HISTOGRAM_HIGHEST >> HISTOGRAM_HIGHEST_BITS == 0, "HISTOGRAM_HIGHEST must have a bucket");

typedef struct {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
    uint64_t sum_low; /* the sum of all values has 128 bits: a million clients that wait for hours exceed 64 */
    uint64_t sum_high;
    int64_t min;
    int64_t max;
} Histogram;

/* Return the bucket of a value from 0 to HISTOGRAM_HIGHEST: its LINEAR_BITS + 1 highest bits, and how many bits lower
   than these were dropped. */
static inline uint32_t
histogram_bucket(int64_t value)
{
    int length = 64 - __builtin_clzll((uint64_t)value | UINT64_C(1) << HISTOGRAM_LINEAR_BITS);
    int dropped = length - HISTOGRAM_LINEAR_BITS - 1;
    return ((uint32_t)dropped << HISTOGRAM_LINEAR_BITS) + (uint32_t)(value >> dropped);
}

static inline void
histogram_count(Histogram *histogram, int64_t value)
{
    int64_t counted = value < 0 ? 0 : value > HISTOGRAM_HIGHEST ? HISTOGRAM_HIGHEST : value;
    histogram->counts[histogram_bucket(counted)]++;
    if (histogram->total == 0 || counted < histogram->min)
        histogram->min = counted;
    if (counted > histogram->max)
        histogram->max = counted;
    histogram->sum_low += (uint64_t)counted;
    histogram->sum_high += histogram->sum_low < (uint64_t)counted; /* the carry */
    histogram->total++;
}

#endif
