/* What the engine has to do (Plan) and what it measured (Result); load/plan.py documents both for Python.
 *
 * arguments.c is the only place that makes a Plan, and it refuses whatever exceeds the limits below. The engine relies
 * on them: none of its sums and products is checked for overflow again.
 */
#ifndef UPECHO_PLAN_H
#define UPECHO_PLAN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "clock.h"
#include "histogram.h"
#include "usage.h"

/* Connections of a run, idle ones included: as many descriptors as Linux lets a process open unless the administrator
   raises fs.nr_open. */
#define MAX_CONNECTIONS (INT64_C(1) << 20)

/* Requests in flight on one connection. Together with MAX_CONNECTIONS a run has at most 2^30 requests in flight, which
   a 32-bit number still holds. */
#define MAX_DEPTH (INT64_C(1) << 10)

/* Every other span of time in a plan. A week is more than `upecho bench` can ask for (under five days, with all
   deadlines stretched a thousandfold), and so little that sums of a few spans and the uptime stay far below 2^63 ns,
   which is 292 years; and the table of slices takes 48 MB at most, of which only what is used becomes resident. */
#define MAX_SPAN_NS (7 * 24 * 3600 * NS_PER_SECOND)

/* How long to poll before sleeping: signals and the deadline go unnoticed for as long. */
#define MAX_POLL_NS NS_PER_SECOND

/* Threads of a run; none has more cores than the largest machines. */
#define MAX_THREADS INT64_C(1024)

/* Requests of a run: no limit in practice. */
#define MAX_REQUESTS INT64_MAX

/* The length of one entry of Result.slices. */
#define SLICE_NS (100 * NS_PER_MS)

/* Why a request got no verified reply. */
typedef enum {
    FAILURE_REFUSED,
    FAILURE_NO_PORT,
    FAILURE_RESET,
    FAILURE_EARLY_END,
    FAILURE_MISMATCH,
    FAILURE_SURPLUS,
    FAILURE_TIMED_OUT,
    FAILURE_COUNT
} Failure;

typedef struct {
    struct sockaddr_storage address;
    socklen_t address_size;
    uint32_t threads;        /* threads among which the connections are divided; each has at least one with a load */
    uint32_t connections;    /* connections that carry the load */
    uint32_t idle;           /* further connections, which stay silent during the load */
    uint32_t depth;          /* requests in flight on one connection; 1 with churn */
    int churn;               /* nonzero: each request opens and closes a connection of its own */
    int64_t interval_ns;     /* time between two scheduled requests; 0 for a closed loop */
    int64_t duration_ns;     /* how long the load starts new requests */
    int64_t deadline_ns;     /* how long the whole run may take */
    int64_t poll_ns;         /* how long to poll for events before sleeping until there are some */
    uint64_t max_requests;   /* the load starts no more requests than this */
    size_t message_size;     /* bytes of each request, and of each reply */
    const uint8_t *sent;     /* a request is the message_size bytes at one of the offsets in this buffer */
    const uint8_t *expected; /* its reply must be the bytes at the same offset in this one */
    const uint32_t *offsets; /* offsets of successive requests; after the last one the first is used again */
    size_t offset_count;
} Plan;

/* Return the share of one thread, if something is divided evenly. */
static inline uint64_t
plan_share(const Plan *plan, uint64_t count, uint32_t number)
{
    return count / plan->threads + (number < count % plan->threads);
}

/* What one thread measured. The usage is that of the thread during the load. */
typedef struct {
    uint64_t errors[FAILURE_COUNT];
    int64_t elapsed_ns; /* from the beginning of the load to the last verified reply */
    int64_t polled_ns;  /* time spent in empty polls and the pauses between them */
    Usage usage;
    Histogram latency; /* of verified requests; a scheduled request counts from the time it was due */
    Histogram lag;     /* how long after its due time a scheduled request was sent on a connection that was free */
    size_t slice_count;
    uint64_t slices[]; /* verified replies in each SLICE_NS of the load */
} Result;

#endif
