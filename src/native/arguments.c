/* The only place where a plan is made. It is validated as a whole before the engine allocates anything, and whatever
 * the engine relies on for its memory is either a copy or cannot change during the run:
 *
 * - The offsets are copied and the copy is validated. They decide where the engine reads, and the caller's mark() could
 *   change the original.
 * - `sent` and `expected` may be megabytes and are used in place. As long as a buffer is held, its owner can neither
 * free nor resize it. Its bytes can change, if it is a bytearray for instance; that spoils the comparison and is
 * counted as a mismatch, but every read stays inside the buffer.
 */
#include "arguments.h"

#include <stdlib.h>
#include <string.h>

enum { THREADS, CONNECTIONS, IDLE, DEPTH, INTERVAL, DURATION, DEADLINE, POLL, REQUESTS, MESSAGE_SIZE, INTEGER_COUNT };

static const struct {
    const char *field;
    int64_t minimum, maximum;
} limits[INTEGER_COUNT] = {
    [THREADS] = {"threads", 1, MAX_THREADS},
    [CONNECTIONS] = {"connections", 1, MAX_CONNECTIONS},
    [IDLE] = {"idle", 0, MAX_CONNECTIONS},
    [DEPTH] = {"depth", 1, MAX_DEPTH},
    [INTERVAL] = {"interval_ns", 0, MAX_SPAN_NS},
    [DURATION] = {"duration_ns", 0, MAX_SPAN_NS},
    [DEADLINE] = {"deadline_ns", 0, MAX_SPAN_NS},
    [POLL] = {"poll_ns", 0, MAX_POLL_NS},
    [REQUESTS] = {"max_requests", 0, MAX_REQUESTS},
    [MESSAGE_SIZE] = {"message_size", 1, PY_SSIZE_T_MAX}, /* and at most the size of `sent` */
};

int
argument_as_integer(const char *field, PyObject *value, int64_t minimum, int64_t maximum, int64_t *integer)
{
    int overflow;
    long long found = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (found == -1 && PyErr_Occurred())
        return -1;
    if (overflow || found < minimum || found > maximum) {
        PyErr_Format(PyExc_ValueError, "%s is %S; it must be between %lld and %lld", field, value, (long long)minimum,
                     (long long)maximum);
        return -1;
    }
    *integer = found;
    return 0;
}

/* Fill in the numbers of a plan, and check those limits that concern numbers only. */
static int
read_integers(Plan *plan, PyObject *const *values)
{
    int64_t integers[INTEGER_COUNT];
    for (int index = 0; index < INTEGER_COUNT; index++)
        if (argument_as_integer(limits[index].field, values[index], limits[index].minimum, limits[index].maximum,
                                &integers[index]))
            return -1;
    if (integers[CONNECTIONS] + integers[IDLE] > MAX_CONNECTIONS) {
        PyErr_Format(PyExc_ValueError, "connections + idle is %lld; it must be at most %lld",
                     (long long)(integers[CONNECTIONS] + integers[IDLE]), (long long)MAX_CONNECTIONS);
        return -1;
    }
    if (integers[THREADS] > integers[CONNECTIONS]) {
        PyErr_Format(PyExc_ValueError, "threads is %lld; it must be at most %lld, the number of connections",
                     (long long)integers[THREADS], (long long)integers[CONNECTIONS]);
        return -1;
    }
    if (plan->churn && integers[DEPTH] != 1) {
        PyErr_Format(PyExc_ValueError, "depth is %lld; it must be 1 with churn, where a connection has one request",
                     (long long)integers[DEPTH]);
        return -1;
    }
    plan->threads = (uint32_t)integers[THREADS];
    plan->connections = (uint32_t)integers[CONNECTIONS];
    plan->idle = (uint32_t)integers[IDLE];
    plan->depth = (uint32_t)integers[DEPTH];
    plan->interval_ns = integers[INTERVAL];
    plan->duration_ns = integers[DURATION];
    plan->deadline_ns = integers[DEADLINE];
    plan->poll_ns = integers[POLL];
    plan->max_requests = (uint64_t)integers[REQUESTS];
    plan->message_size = (size_t)integers[MESSAGE_SIZE];
    return 0;
}

static int
read_address(Plan *plan, const Py_buffer *address)
{
    if ((size_t)address->len < sizeof(sa_family_t) || (size_t)address->len > sizeof plan->address) {
        PyErr_Format(PyExc_ValueError, "address has %zd bytes; it must be a struct sockaddr of %zu to %zu bytes",
                     address->len, sizeof(sa_family_t), sizeof plan->address);
        return -1;
    }
    memcpy(&plan->address, address->buf, (size_t)address->len);
    plan->address_size = (socklen_t)address->len;
    return 0;
}

/* Take the payload in place; a message must fit into both buffers. */
static int
read_payload(Plan *plan, const Py_buffer *sent, const Py_buffer *expected)
{
    if (plan->message_size > (size_t)sent->len) {
        PyErr_Format(PyExc_ValueError, "message_size is %zu; it must be at most %zd, the size of sent",
                     plan->message_size, sent->len);
        return -1;
    }
    if (expected->len != sent->len) {
        PyErr_Format(PyExc_ValueError, "expected has %zd bytes; it must have %zd, the size of sent", expected->len,
                     sent->len);
        return -1;
    }
    plan->sent = sent->buf;
    plan->expected = expected->buf;
    return 0;
}

/* Copy the offsets, and check in the copy that a message at each of them is inside the payload. */
static int
read_offsets(Arguments *arguments, const Py_buffer *offsets)
{
    Plan *plan = &arguments->plan;
    if (!offsets->len || (size_t)offsets->len % sizeof *arguments->offsets) {
        PyErr_Format(PyExc_ValueError, "offsets has %zd bytes; it must have one or more numbers of %zu bytes",
                     offsets->len, sizeof *arguments->offsets);
        return -1;
    }
    arguments->offsets = malloc((size_t)offsets->len);
    if (!arguments->offsets) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(arguments->offsets, offsets->buf, (size_t)offsets->len);
    plan->offsets = arguments->offsets;
    plan->offset_count = (size_t)offsets->len / sizeof *arguments->offsets;
    size_t highest = (size_t)arguments->sent.len - plan->message_size;
    for (size_t index = 0; index < plan->offset_count; index++)
        if (plan->offsets[index] > highest) {
            PyErr_Format(PyExc_ValueError,
                         "offsets[%zu] is %u; it must be at most %zu, the size of sent - message_size", index,
                         (unsigned)plan->offsets[index], highest);
            return -1;
        }
    return 0;
}

int
arguments_read(Arguments *arguments, PyObject *positional, PyObject *named)
{
    static char *names[] = {
        "address",     "threads",     "connections", "idle",         "depth",        "churn", "interval_ns",
        "duration_ns", "deadline_ns", "poll_ns",     "max_requests", "message_size", "sent",  "expected",
        "offsets",     "mark",        NULL};
    *arguments = (Arguments){0};
    Plan *plan = &arguments->plan;
    PyObject *values[INTEGER_COUNT];
    Py_buffer offsets;
    if (!PyArg_ParseTupleAndKeywords(positional, named, "$y*OOOOpOOOOOOy*y*y*O", names, &arguments->address,
                                     &values[THREADS], &values[CONNECTIONS], &values[IDLE], &values[DEPTH],
                                     &plan->churn, &values[INTERVAL], &values[DURATION], &values[DEADLINE],
                                     &values[POLL], &values[REQUESTS], &values[MESSAGE_SIZE], &arguments->sent,
                                     &arguments->expected, &offsets, &arguments->mark))
        return -1;
    int is_invalid = read_integers(plan, values) || read_address(plan, &arguments->address) ||
                     read_payload(plan, &arguments->sent, &arguments->expected) || read_offsets(arguments, &offsets);
    PyBuffer_Release(&offsets);
    if (is_invalid)
        arguments_release(arguments);
    return is_invalid ? -1 : 0;
}

void
arguments_release(Arguments *arguments)
{
    PyBuffer_Release(&arguments->address);
    PyBuffer_Release(&arguments->sent);
    PyBuffer_Release(&arguments->expected);
    free(arguments->offsets);
}
