#define _GNU_SOURCE
#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "connection.h"

#define SCRATCH_SIZE (256 * 1024)
#define MAX_EVENTS 256
#define TICK_NS (20 * NS_PER_MS) /* how often the caller may interrupt */

/* From one look for replies to the next, for each connection that is waited for. Who looks more often is in the way of a
   server that sends, and gets the replies one by one; and in so short a time no server answers half of them. */
#define LOOK_NS INT64_C(1000)

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

static void
fail(Engine *engine, int outcome)
{
    if (engine->outcome == RUN_DONE)
        engine->outcome = outcome;
}

static void
wait_for(Engine *engine, Connection *connection)
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

static void
drop(Engine *engine, Connection *connection, int failure)
{
    if (failure == BROKEN_SYSTEM)
        fail(engine, RUN_BROKEN_SYSTEM);
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

/* Put a request under way, on a new connection if there is none. */
static void
begin(Engine *engine, Connection *connection, int64_t begun_ns)
{
    int is_open = connection->fd >= 0;
    engine->begun += engine->phase == LOADING;
    wait_for(engine, connection);
    connection_begin(&engine->wires, connection, begun_ns);
    if (!is_open) {
        int how = connection_open(&engine->wires, connection);
        if (how != FINE)
            drop(engine, connection, how);
    }
}

static void
send_begun(Engine *engine, Connection *connection)
{
    if (connection->fd < 0 || connection->connecting)
        return;
    int how = connection_send(&engine->wires, connection);
    if (how != FINE)
        drop(engine, connection, how);
}

static int64_t
scheduled_ns(const Engine *engine, const Connection *connection)
{
    uint64_t place = connection->begun * engine->plan->connections + connection->number;
    return engine->started_ns + (int64_t)place * engine->plan->interval_ns;
}

/* Whether another request can begin; with churn only when the connection before has ended. */
static int
has_room(const Engine *engine, const Connection *connection)
{
    const Plan *plan = engine->plan;
    return !connection->failed && (plan->churn ? connection->fd < 0 : connection->under_way < plan->depth);
}

/* Begin what a connection has room for. */
static void
fill(Engine *engine, Connection *connection)
{
    const Plan *plan = engine->plan;
    uint32_t before = connection->under_way;
    while (has_room(engine, connection)) {
        if (plan->interval_ns && connection->owed) {
            connection->owed--;
            begin(engine, connection, scheduled_ns(engine, connection));
        } else if (!plan->interval_ns && goes_on(engine)) {
            begin(engine, connection, engine->now_ns);
        } else {
            break;
        }
    }
    if (connection->under_way > before)
        send_begun(engine, connection);
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
        fill(engine, connection);
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
        fill(engine, connection);
    else if (!connection->under_way)
        done_with(engine, connection);
}

static void
readable(Engine *engine, Connection *connection)
{
    uint32_t replies;
    int how = connection_receive(&engine->wires, connection, &replies);
    engine->now_ns = clock_now_ns();
    if (how == ENDED)
        ended(engine, connection);
    else if (how != FINE)
        drop(engine, connection, how);
    else if (replies)
        completed(engine, connection, replies);
}

static void
writable(Engine *engine, Connection *connection)
{
    if (connection->connecting) {
        int how = connection_connected(&engine->wires, connection);
        if (how != FINE) {
            drop(engine, connection, how);
            return;
        }
    }
    send_begun(engine, connection);
}

static void
set_timer(Engine *engine, int64_t at_ns)
{
    struct itimerspec when = {.it_value = {at_ns / NS_PER_SECOND, at_ns % NS_PER_SECOND}};
    if (timerfd_settime(engine->timer, TFD_TIMER_ABSTIME, &when, NULL)) {
        engine->wires.operation = "timerfd_settime";
        fail(engine, RUN_BROKEN_SYSTEM);
    }
}

/* Begin the scheduled requests whose time has come, and set the timer for the next one. */
static void
keep_schedule(Engine *engine)
{
    const Plan *plan = engine->plan;
    uint64_t ticks;
    if (read(engine->timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN) {
        engine->wires.operation = "read";
        fail(engine, RUN_BROKEN_SYSTEM);
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
        if (has_room(engine, connection) && !connection->owed)
            histogram_count(&engine->result->lag, engine->now_ns - due_ns);
        connection->owed++;
        wait_for(engine, connection);
        fill(engine, connection);
    }
}

static int
is_scheduling(const Engine *engine)
{
    const Plan *plan = engine->plan;
    return engine->phase == LOADING && plan->interval_ns && engine->scheduled < plan->max_requests &&
           engine->started_ns + (int64_t)engine->scheduled * plan->interval_ns < engine->stop_ns;
}

static void
out_of_time(Engine *engine)
{
    for (uint32_t index = 0; index < engine->count; index++) {
        Connection *connection = &engine->connections[index];
        if (connection->waited_for)
            drop(engine, connection, TIMED_OUT);
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
        fail(engine, RUN_BROKEN_SYSTEM);
    }
    for (int index = 0; index < count && engine->outcome == RUN_DONE; index++) {
        Connection *connection = events[index].data.ptr;
        if (!connection) {
            keep_schedule(engine);
            continue;
        }
        if (connection->fd >= 0 && events[index].events & (EPOLLOUT | EPOLLERR) &&
            (connection->watches_writing || connection->connecting))
            writable(engine, connection);
        if (connection->fd >= 0 && !connection->connecting && events[index].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            readable(engine, connection);
    }
    engine->now_ns = clock_now_ns();
    if (engine->now_ns >= engine->deadline_ns)
        out_of_time(engine);
    if (count < 0 || engine->now_ns >= engine->tick_ns) {
        engine->tick_ns = engine->now_ns + TICK_NS;
        if (engine->calls->interrupted(engine->calls->caller))
            fail(engine, RUN_CALLED_OFF);
    }
}

static void
turn_until_done(Engine *engine)
{
    while (engine->outcome == RUN_DONE && (engine->waited_for || is_scheduling(engine)))
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
        begin(engine, &engine->connections[index], 0);
        send_begun(engine, &engine->connections[index]);
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
            fill(engine, connection);
    }
    if (engine->plan->interval_ns)
        keep_schedule(engine);
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
        begin(engine, connection, 0);
        send_begun(engine, connection);
    }
    turn_until_done(engine);
}

static void
mark(Engine *engine)
{
    if (engine->outcome == RUN_DONE && engine->calls->mark(engine->calls->caller))
        fail(engine, RUN_CALLED_OFF);
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
