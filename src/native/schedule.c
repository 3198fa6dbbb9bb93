/* Requests at a rate: each begins at its time, whatever has become of those before. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "run.h"

static void
set_timer(Engine *engine, int64_t at_ns)
{
    struct itimerspec when = {.it_value = {at_ns / NS_PER_SECOND, at_ns % NS_PER_SECOND}};
    if (timerfd_settime(engine->timer, TFD_TIMER_ABSTIME, &when, NULL)) {
        engine->wires.operation = "timerfd_settime";
        engine_fail(engine, RUN_BROKEN_SYSTEM);
    }
}

void
engine_keep_schedule(Engine *engine)
{
    const Plan *plan = engine->plan;
    uint64_t ticks;
    if (read(engine->timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN) {
        engine->wires.operation = "read";
        engine_fail(engine, RUN_BROKEN_SYSTEM);
    }
    for (;;) {
        int64_t due_ns = engine->started_ns + (int64_t)engine->scheduled * plan->interval_ns;
        if (due_ns >= engine->stop_ns || engine->scheduled >= plan->max_requests)
            return;
        engine->now_ns = clock_now_ns();
        if (due_ns > engine->now_ns) {
            set_timer(engine, due_ns);
            return;
        }
        Connection *connection = &engine->connections[engine->scheduled++ % plan->connections];
        if (connection->failed) /* which is counted */
            continue;
        if (engine_has_room(engine, connection) && !connection->owed)
            histogram_count(&engine->result->lag, engine->now_ns - due_ns);
        connection->owed++;
        engine_wait_for(engine, connection);
        engine_fill(engine, connection);
    }
}

int
engine_is_scheduling(const Engine *engine)
{
    const Plan *plan = engine->plan;
    return engine->phase == LOADING && plan->interval_ns && engine->scheduled < plan->max_requests &&
           engine->started_ns + (int64_t)engine->scheduled * plan->interval_ns < engine->stop_ns;
}
