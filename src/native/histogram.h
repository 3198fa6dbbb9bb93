/* Counts of values in the buckets of an HdrHistogram with three significant digits.
 *
 * A value below 2048 has a bucket of its own; above that each power of two is divided into 1024 buckets. Values from
 * HISTOGRAM_HIGHEST on, an hour in nanoseconds, are counted as that. The same layout is in load/histogram.py.
 */
#ifndef UPECHO_HISTOGRAM_H
#define UPECHO_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_HIGHEST INT64_C(3600000000000)
#define HISTOGRAM_BUCKETS 33792 /* 1024 for each power of two from 2^11 to 2^42, and 1024 for what is below them */

typedef struct {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
    int64_t sum;
    int64_t min;
    int64_t max;
} Histogram;

static inline uint32_t
histogram_bucket(int64_t value)
{
    int dropped = 53 - __builtin_clzll((uint64_t)value | 1024); /* lowest bits; eleven are left */
    return ((uint32_t)dropped << 10) + (uint32_t)(value >> dropped);
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
    histogram->sum += counted;
    histogram->total++;
}

#endif
