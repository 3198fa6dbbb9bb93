/* One run of the load engine: what its parts share. engine.c has the phases and the loop, requests.c what becomes of a
   request, schedule.c when it begins if there is a rate. */
#ifndef UPECHO_RUN_H
#define UPECHO_RUN_H

#include <stdint.h>

#include "connection.h"
#include "engine.h"

typedef enum { OPENING, LOADING, FINISHING } Phase;

typedef struct {
    Wires wires;
    const Plan *plan;
    const Calls *calls;
    Result *result;
    Phase phase;
    int timer;
    Connection *connections;
    Request *requests;
    uint32_t count;
    uint32_t waited_for; /* connections that the phase is not done with */
    int64_t now_ns;
    int64_t tick_ns;
    int64_t deadline_ns;
    int64_t started_ns;
    int64_t stop_ns;
    uint64_t begun; /* requests that count */
    uint64_t scheduled;
    int outcome;
} Engine;

/* Let the run end so, unless it is to end otherwise already. */
void engine_fail(Engine *engine, int outcome);

/* Count a connection among those that the phase is not done with. */
void engine_wait_for(Engine *engine, Connection *connection);

/* Give a connection up, and count why. */
void engine_drop(Engine *engine, Connection *connection, int failure);

/* Put a request under way, on a new connection if there is none; then send what is under way. */
void engine_begin(Engine *engine, Connection *connection, int64_t begun_ns);
void engine_send_begun(Engine *engine, Connection *connection);

/* Whether another request can begin; with churn only when the connection before has ended. */
int engine_has_room(const Engine *engine, const Connection *connection);

/* Begin what a connection has room for. */
void engine_fill(Engine *engine, Connection *connection);

/* A connection's socket can be read from, or written to. */
void engine_readable(Engine *engine, Connection *connection);
void engine_writable(Engine *engine, Connection *connection);

/* Begin the scheduled requests whose time has come, and set the timer for the next one. */
void engine_keep_schedule(Engine *engine);
int engine_is_scheduling(const Engine *engine);

#endif
