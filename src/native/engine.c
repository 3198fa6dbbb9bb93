#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "run.h"

#define SCRATCH_SIZE (256 * 1024)
#define MAX_EVENTS 256
#define TICK_NS (20 * NS_PER_MS) /* how often the caller may interrupt */

/* From one look for replies to the next, for each connection that is waited for. Who looks more often is in the way of a
   server that sends, and gets the replies one by one; and in so short a time no server answers half of them. */
#define LOOK_NS INT64_C(1000)

static void
out_of_time(Engine *engine)
{
    for (uint32_t index = 0; index < engine->count; index++) {
        Connection *connection = &engine->connections[index];
        if (connection->waited_for)
            engine_drop(engine, connection, TIMED_OUT);
    }
    if (engine->stop_ns > engine->now_ns) /* the schedule ends now, and is not taken up again */
        engine->stop_ns = engine->now_ns;
}

static int
events_within(Engine *engine, struct epoll_event *events, int64_t patience_ns)
{
    return epoll_wait(engine->wires.epoll, events, MAX_EVENTS, (int)(patience_ns / NS_PER_MS));
}

/* Wait for events. Whoever causes one pays for waking a sleeper, so while requests count look out for them first. */
static int
wait_for_events(Engine *engine, struct epoll_event *events)
{
    int64_t poll_ns = engine->phase == LOADING ? engine->plan->poll_ns : 0;
    int64_t since_ns = engine->now_ns, now_ns = since_ns;
    int count = 0;
    while (!count && now_ns - since_ns < poll_ns) {
        count = events_within(engine, events, 0);
        if (!count)
            now_ns = clock_spin_until_ns(now_ns + LOOK_NS * engine->waited_for);
    }
    engine->result->polled_ns += now_ns - since_ns;
    return count ? count : events_within(engine, events, TICK_NS);
}

static void
turn(Engine *engine)
{
    struct epoll_event events[MAX_EVENTS];
    int count = wait_for_events(engine, events);
    if (count < 0 && errno != EINTR) {
        engine->wires.operation = "epoll_wait";
        engine_fail(engine, RUN_BROKEN_SYSTEM);
    }
    for (int index = 0; index < count && engine->outcome == RUN_DONE; index++) {
        Connection *connection = events[index].data.ptr;
        if (!connection) {
            engine_keep_schedule(engine);
            continue;
        }
        if (connection->fd >= 0 && events[index].events & (EPOLLOUT | EPOLLERR) &&
            (connection->watches_writing || connection->connecting))
            engine_writable(engine, connection);
        if (connection->fd >= 0 && !connection->connecting && events[index].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            engine_readable(engine, connection);
    }
    engine->now_ns = clock_now_ns();
    if (engine->now_ns >= engine->deadline_ns)
        out_of_time(engine);
    if (count < 0 || engine->now_ns >= engine->tick_ns) {
        engine->tick_ns = engine->now_ns + TICK_NS;
        if (engine->calls->interrupted(engine->calls->caller))
            engine_fail(engine, RUN_CALLED_OFF);
    }
}

static void
turn_until_done(Engine *engine)
{
    while (engine->outcome == RUN_DONE && (engine->waited_for || engine_is_scheduling(engine)))
        turn(engine);
}

static int
has_errors(const Engine *engine)
{
    uint64_t errors = 0;
    for (int kind = 0; kind < FAILURES; kind++)
        errors += engine->result->errors[kind];
    return errors != 0;
}

/* Connect one by one, with an exchange each: then the server has accepted them all. */
static void
open_all(Engine *engine)
{
    engine->phase = OPENING;
    for (uint32_t index = 0; index < engine->count && engine->outcome == RUN_DONE && !has_errors(engine); index++) {
        if (engine->plan->churn && index < engine->plan->connections)
            continue;
        engine_begin(engine, &engine->connections[index], 0);
        engine_send_begun(engine, &engine->connections[index]);
        turn_until_done(engine);
    }
}

/* Keep requests under way until time is up; wait for the last replies. */
static void
load(Engine *engine)
{
    engine->phase = LOADING;
    engine->started_ns = engine->now_ns = clock_now_ns();
    engine->stop_ns = engine->started_ns + engine->plan->duration_ns;
    for (uint32_t index = 0; index < engine->plan->connections; index++) {
        Connection *connection = &engine->connections[index];
        connection->begun = 0;
        connection->ending = engine->plan->churn != 0;
        if (!engine->plan->interval_ns)
            engine_fill(engine, connection);
    }
    if (engine->plan->interval_ns)
        engine_keep_schedule(engine);
    turn_until_done(engine);
}

/* Send a last request each and shut down behind it: the reply must come, then the end, nothing else. */
static void
end_all(Engine *engine)
{
    engine->phase = FINISHING;
    for (uint32_t index = 0; index < engine->count && engine->outcome == RUN_DONE; index++) {
        Connection *connection = &engine->connections[index];
        if (connection->fd < 0)
            continue;
        connection->ending = 1;
        engine_begin(engine, connection, 0);
        engine_send_begun(engine, connection);
    }
    turn_until_done(engine);
}

static void
mark(Engine *engine)
{
    if (engine->outcome == RUN_DONE && engine->calls->mark(engine->calls->caller))
        engine_fail(engine, RUN_CALLED_OFF);
}

static int
prepare(Engine *engine)
{
    const Plan *plan = engine->plan;
    engine->connections = calloc(engine->count, sizeof *engine->connections);
    engine->requests = calloc((size_t)engine->count * plan->depth, sizeof *engine->requests);
    engine->wires.scratch = malloc(SCRATCH_SIZE);
    if (!engine->connections || !engine->requests || !engine->wires.scratch)
        return RUN_OUT_OF_MEMORY;
    for (uint32_t index = 0; index < engine->count; index++) {
        engine->connections[index].fd = -1;
        engine->connections[index].number = index;
        engine->connections[index].requests = &engine->requests[(size_t)index * plan->depth];
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    engine->wires.operation = "epoll_create1";
    engine->wires.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (engine->wires.epoll < 0)
        return RUN_BROKEN_SYSTEM;
    engine->wires.operation = "timerfd_create";
    engine->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (engine->timer < 0 || epoll_ctl(engine->wires.epoll, EPOLL_CTL_ADD, engine->timer, &event))
        return RUN_BROKEN_SYSTEM;
    return RUN_DONE;
}

static void
clean_up(Engine *engine)
{
    int error = errno;
    for (uint32_t index = 0; engine->connections && index < engine->count; index++)
        connection_close(&engine->connections[index]);
    if (engine->timer >= 0)
        close(engine->timer);
    if (engine->wires.epoll >= 0)
        close(engine->wires.epoll);
    free(engine->connections);
    free(engine->requests);
    free(engine->wires.scratch);
    errno = error;
}

int
engine_run(const Plan *plan, const Calls *calls, Result *result, const char **operation)
{
    Engine engine = {
        .wires = {.plan = plan, .epoll = -1, .scratch_size = SCRATCH_SIZE},
        .plan = plan,
        .calls = calls,
        .result = result,
        .timer = -1,
        .count = plan->connections + plan->idle,
        .now_ns = clock_now_ns(),
    };
    engine.deadline_ns = engine.now_ns + plan->deadline_ns;
    engine.outcome = prepare(&engine);
    if (engine.outcome == RUN_DONE)
        open_all(&engine);
    mark(&engine);
    if (engine.outcome == RUN_DONE && !has_errors(&engine))
        load(&engine);
    mark(&engine);
    if (engine.outcome == RUN_DONE)
        end_all(&engine);
    *operation = engine.wires.operation;
    clean_up(&engine);
    return engine.outcome;
}
