/* The state of one run, and what the parts of the engine offer each other: engine.c has the phases and the event loop,
   requests.c the life of a request, schedule.c the start times of requests at a given rate. */
#ifndef UPECHO_RUN_H
#define UPECHO_RUN_H

#include <stdint.h>

#include "connection.h"
#include "engine.h"

typedef enum { PHASE_OPEN, PHASE_LOAD, PHASE_FINISH } Phase;

typedef struct {
    IoContext io;
    const Plan *plan;
    const Callbacks *callbacks;
    Result *result;
    Phase phase;
    int outcome; /* RUN_DONE until something ends the run */
    int timer;   /* a timerfd, readable when the next scheduled request is due */
    Connection *connections;
    Request *requests; /* the rings of all connections */
    uint32_t connection_count;
    uint32_t pending_count; /* connections that the phase waits for */
    int64_t now_ns;         /* the time of the last event, so that not every line reads the clock */
    int64_t next_tick_ns;   /* when to check for signals again */
    int64_t deadline_ns;
    int64_t load_start_ns;
    int64_t load_stop_ns;      /* no request of the load starts from then on */
    uint64_t requests_started; /* during the load */
    uint64_t scheduled;        /* requests of the schedule that have become due, started or not */
} Engine;

/* End the run with this outcome, unless it has another one already. */
void engine_fail(Engine *engine, int outcome);

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

/* Return whether the schedule has requests that are not due yet. */
int engine_has_scheduled(const Engine *engine);

/* Return when a scheduled request is due; they are numbered from 0. A request has a number only if its predecessor was
   due before the load stops, so the product is at most duration + interval, and the limits of a plan keep that small.
 */
static inline int64_t
engine_due_ns(const Engine *engine, uint64_t number)
{
    return engine->load_start_ns + (int64_t)number * engine->plan->interval_ns;
}

#endif
