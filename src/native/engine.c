/* The phases of one thread of a run, and the event loop that all of them use.
 *
 * Theory of operation
 *
 * Phases. PHASE_OPEN connects one connection after the other and exchanges one request on each: the reply proves that
 * the server has accepted the connection, so that nothing of this is left to do during the load. PHASE_LOAD keeps
 * requests in flight until the duration is over, and waits for the last replies; only its requests are counted.
 * PHASE_FINISH sends one last request on each connection and shuts down our side behind it: the reply must come, then
 * the end of the stream, and nothing else. With churn each request of the load has a connection of its own and ends it
 * that way, so PHASE_OPEN and PHASE_FINISH deal with the idle connections only. The caller's mark() is called between
 * the phases, both times with nothing in flight and the same connections open, so the difference of what it reads
 * about the server belongs to the load alone. With several threads, run.c says how they wait for each other.
 *
 * One loop. All sockets are non-blocking, and one thread serves its own from a level-triggered epoll. The engine has to
 * cost less than the server it measures, so the loop has no locks, allocates nothing and does not touch the
 * interpreter. The schedule's timer is one more descriptor in the same epoll, recognised by the missing connection in
 * its event.
 *
 * In flight. Each connection keeps its requests in a ring of Plan.depth entries, oldest first. Replies come in the
 * order of the requests and have their size, so the ring tells what each received byte must be. A byte for which no
 * request has been sent is a failure (surplus), as is a byte with the wrong value (mismatch); a connection that failed
 * is closed and never used again. A phase ends when no connection is pending, that is, has something in flight, queued,
 * or the end of its stream to come. At the deadline those that still are pending fail as timed out.
 *
 * Closed loop and schedule. In a closed loop each reply makes room for the next request, so a slow server is asked
 * less. With an interval, requests become due at fixed times and take the connections in turn. A request that finds no
 * room is queued, and its latency counts from the time when it was due: a stall of the server is then seen by all
 * requests that fall into it, and not only by those that had been sent.
 *
 * Polling, then sleeping. If the engine sleeps in epoll_wait(), a reply that makes a socket readable has to wake it,
 * and the kernel charges that wake-up to the sender: the server. Where the engine has a core of its own, the plan lets
 * it poll for a while before it sleeps. Empty polls are work of the engine that serves no request, so their time is
 * added up in Result.polled_ns and not counted as its CPU time.
 *
 * Ticks. Signal handlers of Python run only in check_signals(), which takes the interpreter's lock. It is called when a
 * signal interrupts epoll_wait() and every TICK_NS, which is also the longest sleep. So Ctrl-C and the deadline are
 * noticed in time whatever the sockets do; only polling may delay that, by MAX_POLL_NS at most.
 *
 * What the engine does not know: which process or machine serves, what an address means (its family only decides
 * whether TCP_NODELAY applies), why a plan was made, and what its numbers will be compared with.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "run.h"

#define RECEIVE_BUFFER_SIZE (256 * 1024)
#define MAX_EVENTS 256

/* The pause after an empty poll, for each pending connection. Polling more often would disturb a server that is sending
   and fetch its replies one by one instead of several at a time; and in a pause of this length no server answers even
   half of the pending connections. */
#define EMPTY_POLL_PAUSE_NS INT64_C(1000)

/* Fail what is still pending at the deadline. */
static void
expire_pending(Engine *engine)
{
    for (uint32_t index = 0; index < engine->connection_count; index++) {
        Connection *connection = &engine->connections[index];
        if (connection->pending)
            engine_drop(engine, connection, FAILURE_TIMED_OUT);
    }
    if (engine->load_stop_ns > engine->now_ns) /* the schedule must not start anything after the deadline */
        engine->load_stop_ns = engine->now_ns;
}

static int
wait_at_most(Engine *engine, struct epoll_event *events, int64_t timeout_ns)
{
    return epoll_wait(engine->io.epoll, events, MAX_EVENTS, (int)(timeout_ns / NS_PER_MS));
}

/* Wait for events until the next tick: during the load by polling for the time that the plan allows, then asleep. */
static int
wait_for_events(Engine *engine, struct epoll_event *events)
{
    int64_t begin_ns = engine->now_ns, now_ns = begin_ns;
    int64_t end_ns = begin_ns + (engine->phase == PHASE_LOAD ? engine->plan->poll_ns : 0);
    int count = 0;
    while (!count && now_ns < end_ns) {
        count = wait_at_most(engine, events, 0);
        if (!count) {
            int64_t resume_ns = now_ns + EMPTY_POLL_PAUSE_NS * engine->pending_count;
            now_ns = clock_spin_until_ns(resume_ns < end_ns ? resume_ns : end_ns);
        }
    }
    engine->result->polled_ns += now_ns - begin_ns;
    return count ? count : wait_at_most(engine, events, TICK_NS);
}

/* Handle one event. The connection may have been closed, or opened anew, by an event before it in the same batch. */
static void
handle_event(Engine *engine, const struct epoll_event *event)
{
    Connection *connection = event->data.ptr;
    if (!connection) {
        engine_run_schedule(engine);
        return;
    }
    int awaits_writable = connection->watches_writable || connection->connecting;
    if (connection->fd >= 0 && awaits_writable && event->events & (EPOLLOUT | EPOLLERR))
        engine_handle_writable(engine, connection);
    if (connection->fd >= 0 && !connection->connecting && event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        engine_handle_readable(engine, connection);
}

static void
run_once(Engine *engine)
{
    struct epoll_event events[MAX_EVENTS];
    int count = wait_for_events(engine, events);
    int is_interrupted = count < 0;
    if (is_interrupted && errno != EINTR) {
        engine->io.operation = "epoll_wait";
        engine_fail(engine, RUN_SYSTEM_ERROR);
    }
    for (int index = 0; index < count && !engine_has_ended(engine); index++)
        handle_event(engine, &events[index]);
    engine->now_ns = clock_now_ns();
    if (engine->now_ns >= engine->run->deadline_ns)
        expire_pending(engine);
    if (is_interrupted || engine->now_ns >= engine->next_tick_ns) {
        engine->next_tick_ns = engine->now_ns + TICK_NS;
        engine_check_signals(engine);
    }
}

static void
run_until_nothing_is_pending(Engine *engine)
{
    while (!engine_has_ended(engine) && (engine->pending_count || engine_has_scheduled(engine)))
        run_once(engine);
}

static void
open_connections(Engine *engine)
{
    engine->phase = PHASE_OPEN;
    uint32_t first = engine->plan->churn ? engine->load_count : 0;
    for (uint32_t index = first; index < engine->connection_count && !engine_has_ended(engine); index++) {
        if (atomic_load(&engine->run->cannot_open))
            return;
        engine_start_request(engine, &engine->connections[index], 0);
        engine_send(engine, &engine->connections[index]);
        run_until_nothing_is_pending(engine);
    }
}

static void
load(Engine *engine)
{
    const Plan *plan = engine->plan;
    Usage before = usage_now();
    engine->phase = PHASE_LOAD;
    engine->now_ns = clock_now_ns();
    /* A closed loop starts its clock at its first request: the system may have let others run since the mark. */
    engine->load_start_ns = plan->interval_ns ? engine->run->marked_ns : engine->now_ns;
    engine->load_stop_ns = engine->load_start_ns + plan->duration_ns;
    for (uint32_t index = 0; index < engine->load_count; index++) {
        Connection *connection = &engine->connections[index];
        connection->requests_started = 0;
        connection->closing = plan->churn != 0;
        if (!plan->interval_ns)
            engine_fill(engine, connection);
    }
    if (plan->interval_ns)
        engine_run_schedule(engine);
    run_until_nothing_is_pending(engine);
    engine->result->usage = usage_difference(before, usage_now());
}

static void
finish_connections(Engine *engine)
{
    engine->phase = PHASE_FINISH;
    for (uint32_t index = 0; index < engine->connection_count && !engine_has_ended(engine); index++) {
        Connection *connection = &engine->connections[index];
        if (connection->fd < 0)
            continue;
        connection->closing = 1;
        engine_start_request(engine, connection, 0);
        engine_send(engine, connection);
    }
    run_until_nothing_is_pending(engine);
}

/* Let the caller read its counters while no thread has anything in flight. */
static void
mark(Engine *engine)
{
    Run *run = engine->run;
    engine_meet(engine);
    if (!engine->number) {
        if (!engine_has_ended(engine) && run->callbacks->mark(run->callbacks->context))
            engine_fail(engine, RUN_INTERRUPTED);
        run->marked_ns = clock_now_ns();
    }
    engine_meet(engine);
}

static int
allocate(Engine *engine)
{
    size_t count = engine->connection_count, depth = engine->plan->depth;
    engine->connections = calloc(count, sizeof *engine->connections);
    engine->requests = calloc(count * depth, sizeof *engine->requests);
    engine->io.receive_buffer = malloc(RECEIVE_BUFFER_SIZE);
    if (!engine->connections || !engine->requests || !engine->io.receive_buffer)
        return RUN_OUT_OF_MEMORY;
    for (uint32_t index = 0; index < count; index++) {
        engine->connections[index].fd = -1;
        engine->connections[index].index = engine->number + index * engine->plan->threads;
        engine->connections[index].requests = &engine->requests[index * depth];
    }
    return RUN_DONE;
}

static int
create_epoll(Engine *engine)
{
    engine->io.operation = "epoll_create1";
    engine->io.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (engine->io.epoll < 0)
        return RUN_SYSTEM_ERROR;
    engine->io.operation = "timerfd_create";
    engine->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (engine->timer < 0)
        return RUN_SYSTEM_ERROR;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    engine->io.operation = "epoll_ctl";
    return epoll_ctl(engine->io.epoll, EPOLL_CTL_ADD, engine->timer, &event) ? RUN_SYSTEM_ERROR : RUN_DONE;
}

static void
release(Engine *engine)
{
    if (engine->io.epoll >= 0) { /* without it no connection was opened, and allocate() may have failed halfway */
        for (uint32_t index = 0; index < engine->connection_count; index++)
            connection_close(&engine->connections[index]);
        close(engine->io.epoll);
    }
    if (engine->timer >= 0)
        close(engine->timer);
    free(engine->connections);
    free(engine->requests);
    free(engine->io.receive_buffer);
}

static void
prepare(Engine *engine)
{
    engine->io.epoll = engine->timer = -1;
    engine->io.receive_buffer_size = RECEIVE_BUFFER_SIZE;
    engine->now_ns = clock_now_ns();
    int outcome = allocate(engine);
    if (outcome == RUN_DONE)
        outcome = create_epoll(engine);
    if (outcome != RUN_DONE)
        engine_fail(engine, outcome);
}

void
engine_carry_out(Engine *engine)
{
    prepare(engine);
    open_connections(engine);
    mark(engine);
    if (!engine_has_ended(engine) && !atomic_load(&engine->run->cannot_open))
        load(engine);
    mark(engine);
    finish_connections(engine);
    release(engine);
}
