/* The threads of a run.
 *
 * Theory of operation
 *
 * Shares. Each thread is an engine of its own: it has its connections, its epoll, its timer and its result, and writes
 * nothing that another thread reads, except two flags that change once in a run at most. The connections are divided
 * evenly, those that carry the load and those that stay silent. A schedule remains the one of a single thread: its
 * requests are numbered, the connections take them in turn, and each thread starts those of its own connections. The
 * results are merged after the run, by load/merging.py.
 *
 * Meetings. The threads wait for each other before and after each call of mark(), so nothing is in flight in any of
 * them while the caller reads its counters, and a schedule begins for all at the moment at which the call returns. No
 * thread leaves out a meeting: one that has ended comes to it at once, and so do all others, because the end of one
 * thread is the end of the run. They notice it after the events that they are handling, or at the end of their sleep,
 * which lasts one tick.
 *
 * The first thread is that of the caller, and a run with one thread creates no other. It alone enters the interpreter:
 * between two batches of events, and while it waits at a meeting. Signals are blocked in the others, so that they
 * interrupt its sleep.
 *
 * Cores. If the process may use exactly as many cores as the run has threads, each thread gets one of them. Otherwise
 * two threads that busy-poll might share a core until the system notices.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "clock.h"
#include "run.h"

typedef struct {
    Engine engine;
    pthread_t id;
    cpu_set_t core; /* the only one that it may use; empty if the choice is left to the system */
} Thread;

void
engine_check_signals(Engine *engine)
{
    const Callbacks *callbacks = engine->run->callbacks;
    if (!engine->number && !engine_has_ended(engine) && callbacks->check_signals(callbacks->context))
        engine_fail(engine, RUN_INTERRUPTED);
}

/* Wait for the last thread, at most one tick if this thread has signals to check; the mutex is locked. */
static void
wait_for_others(Engine *engine)
{
    Run *run = engine->run;
    if (engine->number) {
        pthread_cond_wait(&run->all_here, &run->mutex);
        return;
    }
    int64_t until_ns = clock_now_ns() + TICK_NS;
    struct timespec until = {until_ns / NS_PER_SECOND, until_ns % NS_PER_SECOND};
    if (pthread_cond_timedwait(&run->all_here, &run->mutex, &until) == ETIMEDOUT) {
        pthread_mutex_unlock(&run->mutex);
        engine_check_signals(engine);
        pthread_mutex_lock(&run->mutex);
    }
}

void
engine_meet(Engine *engine)
{
    Run *run = engine->run;
    pthread_mutex_lock(&run->mutex);
    uint64_t meeting = run->meeting;
    if (++run->arrived == run->thread_count) {
        run->arrived = 0;
        run->meeting++;
        pthread_cond_broadcast(&run->all_here);
    }
    while (run->meeting == meeting)
        wait_for_others(engine);
    pthread_mutex_unlock(&run->mutex);
}

/* Move the calling thread to its core, if it has one. */
static void
use_core(const Thread *thread)
{
    if (CPU_COUNT(&thread->core))
        sched_setaffinity(0, sizeof thread->core, &thread->core);
}

static void *
carry_out(void *thread)
{
    use_core(thread); /* musl has no pthread_attr_setaffinity_np, by which it would start there */
    engine_carry_out(&((Thread *)thread)->engine);
    return NULL;
}

/* Create all threads but the first; return how many threads there are then. If one cannot be created, the run ends,
   and nobody waits for those that are missing: the first thread has not come to a meeting yet. */
static uint32_t
create_threads(Run *run, Thread *threads)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    uint32_t count = 1;
    for (; count < run->plan->threads; count++) {
        errno = pthread_create(&threads[count].id, NULL, carry_out, &threads[count]);
        if (errno) {
            threads[0].engine.io.operation = "pthread_create";
            engine_fail(&threads[0].engine, RUN_SYSTEM_ERROR);
            pthread_mutex_lock(&run->mutex);
            run->thread_count = count;
            pthread_mutex_unlock(&run->mutex);
            break;
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return count;
}

/* Give each of several threads one of the cores that this one may use, if there are as many; return whether it is so.
 */
static int
divide_cores(Thread *threads, uint32_t count, cpu_set_t *cores)
{
    if (count == 1 || sched_getaffinity(0, sizeof *cores, cores) || (uint32_t)CPU_COUNT(cores) != count)
        return 0;
    for (int core = 0, number = 0; core < CPU_SETSIZE; core++)
        if (CPU_ISSET(core, cores))
            CPU_SET(core, &threads[number++].core);
    return 1;
}

static void
prepare(Thread *threads, Run *run, Result **results)
{
    const Plan *plan = run->plan;
    for (uint32_t number = 0; number < plan->threads; number++) {
        Engine *engine = &threads[number].engine;
        engine->run = run;
        engine->plan = engine->io.plan = plan;
        engine->io.next_offset = plan->offset_count / plan->threads * number; /* each sends something else */
        engine->result = results[number];
        engine->number = number;
        engine->connection_count = plan_share(plan, plan->connections + plan->idle, number);
        engine->load_count = plan_share(plan, plan->connections, number);
        engine->max_requests = plan_share(plan, plan->max_requests, number);
    }
}

/* Return the first thread that ended the run, or else the first one. */
static const Engine *
ending(const Thread *threads, uint32_t count)
{
    for (uint32_t number = 0; number < count; number++)
        if (threads[number].engine.outcome != RUN_DONE)
            return &threads[number].engine;
    return &threads[0].engine;
}

static void
run_threads(Run *run, Thread *threads)
{
    cpu_set_t cores;
    int is_divided = divide_cores(threads, run->plan->threads, &cores);
    uint32_t count = create_threads(run, threads);
    use_core(&threads[0]);
    engine_carry_out(&threads[0].engine);
    for (uint32_t number = 1; number < count; number++)
        pthread_join(threads[number].id, NULL);
    if (is_divided)
        sched_setaffinity(0, sizeof cores, &cores);
}

int
engine_run(const Plan *plan, const Callbacks *callbacks, Result **results, const char **operation)
{
    Thread *threads = calloc(plan->threads, sizeof *threads);
    if (!threads)
        return RUN_OUT_OF_MEMORY;
    Run run = {
        .plan = plan,
        .callbacks = callbacks,
        .deadline_ns = clock_now_ns() + plan->deadline_ns,
        .mutex = PTHREAD_MUTEX_INITIALIZER,
        .thread_count = plan->threads,
    };
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&run.all_here, &attributes);
    pthread_condattr_destroy(&attributes);
    prepare(threads, &run, results);
    run_threads(&run, threads);
    pthread_cond_destroy(&run.all_here);
    const Engine *last = ending(threads, plan->threads);
    int outcome = last->outcome, error = last->error;
    *operation = last->operation;
    free(threads);
    errno = error;
    return outcome;
}
