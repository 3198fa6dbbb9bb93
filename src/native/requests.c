/* The life of a request: it is started, sent, answered and verified, or it fails with its connection. */
#define _GNU_SOURCE
#include <errno.h>

#include "clock.h"
#include "run.h"

void
engine_fail(Engine *engine, int outcome)
{
    if (engine->outcome == RUN_DONE) {
        engine->outcome = outcome;
        engine->error = errno;
        engine->operation = engine->io.operation;
    }
    atomic_store(&engine->run->has_ended, 1);
}

void
engine_set_pending(Engine *engine, Connection *connection)
{
    engine->pending_count += !connection->pending;
    connection->pending = 1;
}

static void
clear_pending(Engine *engine, Connection *connection)
{
    engine->pending_count -= connection->pending;
    connection->pending = 0;
}

void
engine_drop(Engine *engine, Connection *connection, int failure)
{
    if (failure == IO_SYSTEM_ERROR)
        engine_fail(engine, RUN_SYSTEM_ERROR);
    else
        engine->result->errors[failure]++;
    if (engine->phase == PHASE_OPEN)
        atomic_store(&engine->run->cannot_open, 1);
    connection_close(connection);
    connection->failed = 1;
    connection->queued = 0;
    clear_pending(engine, connection);
}

void
engine_start_request(Engine *engine, Connection *connection, int64_t start_ns)
{
    int is_open = connection->fd >= 0;
    engine->requests_started += engine->phase == PHASE_LOAD;
    engine_set_pending(engine, connection);
    connection_start_request(&engine->io, connection, start_ns);
    if (!is_open) {
        int status = connection_open(&engine->io, connection);
        if (status != IO_OK)
            engine_drop(engine, connection, status);
    }
}

void
engine_send(Engine *engine, Connection *connection)
{
    if (connection->fd < 0 || connection->connecting)
        return;
    int status = connection_send(&engine->io, connection);
    if (status != IO_OK)
        engine_drop(engine, connection, status);
}

int
engine_has_room(const Engine *engine, const Connection *connection)
{
    const Plan *plan = engine->plan;
    return !connection->failed && (plan->churn ? connection->fd < 0 : connection->in_flight < plan->depth);
}

/* Return whether a closed loop may start another request. */
static int
is_loading(const Engine *engine)
{
    return engine->now_ns < engine->load_stop_ns && engine->requests_started < engine->max_requests;
}

/* The schedule takes the connections in turn, so the n-th request of a connection has a number that follows from n. */
static int64_t
next_due_ns(const Engine *engine, const Connection *connection)
{
    return engine_due_ns(engine, connection->requests_started * engine->plan->connections + connection->index);
}

void
engine_fill(Engine *engine, Connection *connection)
{
    int is_scheduled = engine->plan->interval_ns != 0;
    uint32_t before = connection->in_flight;
    while (engine_has_room(engine, connection)) {
        if (is_scheduled && connection->queued) {
            connection->queued--;
            engine_start_request(engine, connection, next_due_ns(engine, connection));
        } else if (!is_scheduled && is_loading(engine)) {
            engine_start_request(engine, connection, engine->now_ns);
        } else {
            break;
        }
    }
    if (connection->in_flight > before)
        engine_send(engine, connection);
    int awaits_close = connection->closing && connection->fd >= 0;
    if (!connection->in_flight && !connection->queued && !awaits_close)
        clear_pending(engine, connection);
}

/* Count a verified reply of the load. */
static void
count_reply(Engine *engine, int64_t start_ns)
{
    Result *result = engine->result;
    histogram_count(&result->latency, engine->now_ns - start_ns);
    result->elapsed_ns = engine->now_ns - engine->load_start_ns;
    size_t slice = (size_t)(result->elapsed_ns / SLICE_NS);
    result->slices[slice < result->slice_count ? slice : result->slice_count - 1]++;
}

/* The server has closed the connection after the last reply, which completes the request of that reply. */
static void
handle_close(Engine *engine, Connection *connection)
{
    int64_t start_ns = connection->requests[connection->head].start_ns; /* not in flight, but still in the ring */
    connection_close(connection);
    if (engine->phase == PHASE_LOAD) {
        count_reply(engine, start_ns);
        engine_fill(engine, connection);
    } else {
        clear_pending(engine, connection);
    }
}

static void
handle_replies(Engine *engine, Connection *connection, uint32_t replies)
{
    uint32_t depth = engine->plan->depth;
    if (connection->closing) { /* the only request in flight; handle_close counts it, and finds it at the head */
        connection->in_flight -= replies;
        return;
    }
    for (; replies; replies--) {
        if (engine->phase == PHASE_LOAD)
            count_reply(engine, connection_request(connection, depth, 0)->start_ns);
        connection_pop_request(connection, depth);
    }
    if (engine->phase == PHASE_LOAD)
        engine_fill(engine, connection);
    else if (!connection->in_flight)
        clear_pending(engine, connection);
}

void
engine_handle_readable(Engine *engine, Connection *connection)
{
    uint32_t replies;
    int status = connection_receive(&engine->io, connection, &replies);
    engine->now_ns = clock_now_ns();
    if (status == IO_CLOSED)
        handle_close(engine, connection);
    else if (status != IO_OK)
        engine_drop(engine, connection, status);
    else if (replies)
        handle_replies(engine, connection, replies);
}

void
engine_handle_writable(Engine *engine, Connection *connection)
{
    if (connection->connecting) {
        int status = connection_finish_connecting(&engine->io, connection);
        if (status != IO_OK) {
            engine_drop(engine, connection, status);
            return;
        }
    }
    engine_send(engine, connection);
}
