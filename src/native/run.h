/* A run and the state of its threads, and what the parts of the engine offer each other: run.c has the threads and
   their meetings, engine.c the phases and the event loop of one thread, requests.c the life of a request, schedule.c
   the start times of requests at a given rate. */
#ifndef UPECHO_RUN_H
#define UPECHO_RUN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "connection.h"
#include "engine.h"

/* How long a thread sleeps at most before it looks whether the deadline has come or the run has ended, and the first
   thread also for signals. */
#define TICK_NS (20 * NS_PER_MS)

/* What the threads of a run share. */
typedef struct {
    const Plan *plan;
    const Callbacks *callbacks;
    int64_t deadline_ns;
    int64_t marked_ns;       /* when mark() returned for the last time */
    atomic_int has_ended;    /* the run was interrupted, or this system failed: every thread leaves its loop */
    atomic_int cannot_open;  /* a connection failed before the load, so there will be no load */
    pthread_mutex_t mutex;   /* of what follows */
    pthread_cond_t all_here; /* the last thread has come to the meeting */
    uint32_t thread_count;
    uint32_t arrived; /* threads that wait at the current meeting */
    uint64_t meeting; /* its number */
} Run;

typedef enum { PHASE_OPEN, PHASE_LOAD, PHASE_FINISH } Phase;

/* One thread of a run. It carries every thread_count-th connection of the plan, beginning with the one of its own
   number; those that stay silent during the load are the last. */
typedef struct {
    IoContext io;
    Run *run;
    const Plan *plan;
    Result *result;
    Phase phase;
    uint32_t number;       /* of the thread; 0 runs in the caller's thread and calls its callbacks */
    int outcome;           /* RUN_DONE until something in this thread ends the run */
    int error;             /* errno at that moment */
    const char *operation; /* the system call that failed */
    int timer;             /* a timerfd, readable when the next scheduled request is due */
    Connection *connections;
    Request *requests; /* the rings of all connections */
    uint32_t connection_count;
    uint32_t load_count;    /* connections that carry the load; the first ones */
    uint32_t pending_count; /* connections that the phase waits for */
    int64_t now_ns;         /* the time of the last event, so that not every line reads the clock */
    int64_t next_tick_ns;   /* when to check for signals again */
    int64_t load_start_ns;
    int64_t load_stop_ns;      /* no request of the load starts from then on */
    uint64_t max_requests;     /* share of Plan.max_requests */
    uint64_t requests_started; /* during the load */
    uint64_t scheduled;        /* requests of the schedule that have become due, started or not */
} Engine;

/* Carry out the share of one thread, from opening its connections to closing them. */
void engine_carry_out(Engine *engine);

/* Wait until all threads of the run have come here. */
void engine_meet(Engine *engine);

/* Let the caller handle signals, if this is its thread. */
void engine_check_signals(Engine *engine);

/* End the run with this outcome, unless it has another one already; errno says why. */
void engine_fail(Engine *engine, int outcome);

/* Return whether the run has ended before its time, in whatever thread. */
static inline int
engine_has_ended(const Engine *engine)
{
    return atomic_load_explicit(&engine->run->has_ended, memory_order_relaxed);
}

/* Let the phase wait for a connection. */
void engine_set_pending(Engine *engine, Connection *connection);

/* Close a connection for good, and count the failure; IO_SYSTEM_ERROR ends the run instead. */
void engine_drop(Engine *engine, Connection *connection, int failure);

/* Add a request to those in flight, connecting first if necessary. engine_send then sends what is unsent; the two are
   separate so that several requests can leave in one packet. */
void engine_start_request(Engine *engine, Connection *connection, int64_t start_ns);
void engine_send(Engine *engine, Connection *connection);

/* Return whether one more request fits on a connection; with churn, only once its predecessor has been closed. */
int engine_has_room(const Engine *engine, const Connection *connection);

/* Start as many requests as fit: queued ones if there is a schedule, and else new ones. */
void engine_fill(Engine *engine, Connection *connection);

/* Handle a socket that epoll reports as readable or writable. */
void engine_handle_readable(Engine *engine, Connection *connection);
void engine_handle_writable(Engine *engine, Connection *connection);

/* Start the scheduled requests that are due, and set the timer for the next one. */
void engine_run_schedule(Engine *engine);

/* Return whether the schedule has requests of this thread that are not due yet. */
int engine_has_scheduled(const Engine *engine);

/* Return when a scheduled request is due; the requests of all threads are numbered from 0. A request has a number only
   if its predecessor in the same thread was due before the load stops, and is at most 2 * MAX_THREADS later than that.
   So the product is at most duration + 2 * MAX_THREADS * interval, which the limits of a plan keep below 2^62. */
static inline int64_t
engine_due_ns(const Engine *engine, uint64_t number)
{
    return engine->load_start_ns + (int64_t)number * engine->plan->interval_ns;
}

#endif
