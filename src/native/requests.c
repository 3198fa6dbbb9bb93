/* What becomes of a request: it begins, is sent, answered, verified, or fails. */
#define _GNU_SOURCE
#include <errno.h>

#include "clock.h"
#include "run.h"

void
engine_fail(Engine *engine, int outcome)
{
    if (engine->outcome == RUN_DONE)
        engine->outcome = outcome;
}

void
engine_wait_for(Engine *engine, Connection *connection)
{
    engine->waited_for += !connection->waited_for;
    connection->waited_for = 1;
}

static void
done_with(Engine *engine, Connection *connection)
{
    engine->waited_for -= connection->waited_for;
    connection->waited_for = 0;
}

void
engine_drop(Engine *engine, Connection *connection, int failure)
{
    if (failure == BROKEN_SYSTEM)
        engine_fail(engine, RUN_BROKEN_SYSTEM);
    else
        engine->result->errors[failure]++;
    int error = errno;
    connection_close(connection);
    errno = error;
    connection->failed = 1;
    connection->owed = 0;
    done_with(engine, connection);
}

/* Whether a further request may begin in a closed loop. */
static int
goes_on(const Engine *engine)
{
    return engine->now_ns < engine->stop_ns && engine->begun < engine->plan->max_requests;
}

void
engine_begin(Engine *engine, Connection *connection, int64_t begun_ns)
{
    int is_open = connection->fd >= 0;
    engine->begun += engine->phase == LOADING;
    engine_wait_for(engine, connection);
    connection_begin(&engine->wires, connection, begun_ns);
    if (!is_open) {
        int how = connection_open(&engine->wires, connection);
        if (how != FINE)
            engine_drop(engine, connection, how);
    }
}

void
engine_send_begun(Engine *engine, Connection *connection)
{
    if (connection->fd < 0 || connection->connecting)
        return;
    int how = connection_send(&engine->wires, connection);
    if (how != FINE)
        engine_drop(engine, connection, how);
}

static int64_t
scheduled_ns(const Engine *engine, const Connection *connection)
{
    uint64_t place = connection->begun * engine->plan->connections + connection->number;
    return engine->started_ns + (int64_t)place * engine->plan->interval_ns;
}

int
engine_has_room(const Engine *engine, const Connection *connection)
{
    const Plan *plan = engine->plan;
    return !connection->failed && (plan->churn ? connection->fd < 0 : connection->under_way < plan->depth);
}

void
engine_fill(Engine *engine, Connection *connection)
{
    const Plan *plan = engine->plan;
    uint32_t before = connection->under_way;
    while (engine_has_room(engine, connection)) {
        if (plan->interval_ns && connection->owed) {
            connection->owed--;
            engine_begin(engine, connection, scheduled_ns(engine, connection));
        } else if (!plan->interval_ns && goes_on(engine)) {
            engine_begin(engine, connection, engine->now_ns);
        } else {
            break;
        }
    }
    if (connection->under_way > before)
        engine_send_begun(engine, connection);
    if (!connection->under_way && !connection->owed && (connection->fd < 0 || !connection->ending))
        done_with(engine, connection);
}

static void
verified(Engine *engine, int64_t begun_ns)
{
    Result *result = engine->result;
    histogram_count(&result->latency, engine->now_ns - begun_ns);
    result->elapsed_ns = engine->now_ns - engine->started_ns;
    size_t slice = (size_t)(result->elapsed_ns / SLICE_NS);
    result->slices[slice < result->slice_count ? slice : result->slice_count - 1]++;
}

/* The other side ended behind the last reply, as it should. */
static void
ended(Engine *engine, Connection *connection)
{
    int64_t begun_ns = connection->requests[connection->first].begun_ns; /* popped, but not overwritten */
    connection_close(connection);
    if (engine->phase == LOADING) {
        verified(engine, begun_ns);
        engine_fill(engine, connection);
    } else {
        done_with(engine, connection);
    }
}

static void
completed(Engine *engine, Connection *connection, uint32_t replies)
{
    uint32_t depth = engine->plan->depth;
    if (connection->ending) { /* one request only, which counts when the other side has ended too */
        connection->under_way -= replies;
        return;
    }
    for (; replies; replies--) {
        if (engine->phase == LOADING)
            verified(engine, connection_request(connection, depth, 0)->begun_ns);
        connection_pop(connection, depth);
    }
    if (engine->phase == LOADING)
        engine_fill(engine, connection);
    else if (!connection->under_way)
        done_with(engine, connection);
}

void
engine_readable(Engine *engine, Connection *connection)
{
    uint32_t replies;
    int how = connection_receive(&engine->wires, connection, &replies);
    engine->now_ns = clock_now_ns();
    if (how == ENDED)
        ended(engine, connection);
    else if (how != FINE)
        engine_drop(engine, connection, how);
    else if (replies)
        completed(engine, connection, replies);
}

void
engine_writable(Engine *engine, Connection *connection)
{
    if (connection->connecting) {
        int how = connection_connected(&engine->wires, connection);
        if (how != FINE) {
            engine_drop(engine, connection, how);
            return;
        }
    }
    engine_send_begun(engine, connection);
}
