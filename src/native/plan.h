/* What the engine shall do and what it found out; the Python side of both is load/plan.py. */
#ifndef UPECHO_PLAN_H
#define UPECHO_PLAN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "histogram.h"

/* In the order of load/plan.py's Failure. */
typedef enum { REFUSED, NO_PORT, RESET, EARLY_END, MISMATCH, SURPLUS, TIMED_OUT, FAILURES } Failure;

#define SLICE_NS (100 * INT64_C(1000000)) /* of the time line */

typedef struct {
    struct sockaddr_storage address;
    socklen_t address_size;
    uint32_t connections;
    uint32_t idle;         /* further connections, which are silent */
    uint32_t depth;        /* requests under way on one connection */
    int churn;             /* a connection for each request */
    int64_t interval_ns;   /* between two requests of a schedule; 0 for a closed loop */
    int64_t duration_ns;   /* in which requests begin */
    int64_t deadline_ns;   /* of all, from now */
    int64_t poll_ns;       /* how long to look for events before sleeping until there are some */
    uint64_t max_requests;
    size_t message_size;
    const uint8_t *sent;     /* requests are cut from this, replies from that */
    const uint8_t *expected;
    const uint32_t *offsets; /* where one request after another begins */
    size_t offset_count;
} Plan;

typedef struct {
    uint64_t errors[FAILURES];
    int64_t elapsed_ns; /* from the first request to the last verified reply */
    Histogram latency;
    Histogram lag;      /* how late scheduled requests were sent for which the connection was free */
    uint64_t *slices;   /* verified replies in each slice of time */
    size_t slice_count;
    int64_t polled_ns;  /* of the elapsed time, in which there was nothing to do but to look */
} Result;

#endif
