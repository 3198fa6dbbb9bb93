/* Requests at a given rate: each is due at its own time, whether or not those before it have been answered. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "run.h"

static void
system_error(Engine *engine, const char *operation)
{
    engine->io.operation = operation;
    engine_fail(engine, RUN_SYSTEM_ERROR);
}

static void
set_timer(Engine *engine, int64_t at_ns)
{
    struct itimerspec when = {.it_value = {at_ns / NS_PER_SECOND, at_ns % NS_PER_SECOND}};
    if (timerfd_settime(engine->timer, TFD_TIMER_ABSTIME, &when, NULL))
        system_error(engine, "timerfd_settime");
}

/* Make the timer unreadable until it expires again. */
static void
acknowledge_timer(Engine *engine)
{
    uint64_t expirations;
    if (read(engine->timer, &expirations, sizeof expirations) < 0 && errno != EAGAIN)
        system_error(engine, "read");
}

/* Queue a request that is due on the connection whose turn it is, and start it if it fits. */
static void
queue_request(Engine *engine, Connection *connection, int64_t due_ns)
{
    /* The lag is the engine's own delay; a request that waits for the server's replies would tell nothing about it. */
    if (engine_has_room(engine, connection) && !connection->queued)
        histogram_count(&engine->result->lag, engine->now_ns - due_ns);
    connection->queued++;
    engine_set_pending(engine, connection);
    engine_fill(engine, connection);
}

/* Return the connection whose turn it is among those of this thread. */
static Connection *
next_connection(const Engine *engine)
{
    return &engine->connections[engine->scheduled % engine->load_count];
}

/* Return the number of its request in the schedule of all threads. */
static uint64_t
next_number(const Engine *engine)
{
    return engine->scheduled / engine->load_count * engine->plan->connections + next_connection(engine)->index;
}

void
engine_run_schedule(Engine *engine)
{
    acknowledge_timer(engine);
    while (engine_has_scheduled(engine)) {
        int64_t due_ns = engine_due_ns(engine, next_number(engine));
        engine->now_ns = clock_now_ns();
        if (due_ns > engine->now_ns) {
            set_timer(engine, due_ns);
            return;
        }
        Connection *connection = next_connection(engine);
        engine->scheduled++;
        if (!connection->failed) /* a failed one was counted when it failed */
            queue_request(engine, connection, due_ns);
    }
}

int
engine_has_scheduled(const Engine *engine)
{
    const Plan *plan = engine->plan;
    if (engine->phase != PHASE_LOAD || !plan->interval_ns)
        return 0;
    uint64_t number = next_number(engine);
    return number < plan->max_requests && engine_due_ns(engine, number) < engine->load_stop_ns;
}
