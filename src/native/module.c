/* upecho._native: what the load engine and the ceiling server look like from Python. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>
#include <string.h>

#include "ceiling.h"
#include "engine.h"

/* Raise OSError for errno, with the operation that failed in the place of a file's name. */
static PyObject *
refused(const char *operation)
{
    return PyErr_SetFromErrnoWithFilename(PyExc_OSError, operation);
}

typedef struct {
    PyObject *mark;
    PyThreadState *outside; /* what the interpreter was left with */
} Caller;

static int
interrupted(void *data)
{
    Caller *caller = data;
    PyEval_RestoreThread(caller->outside);
    int status = PyErr_CheckSignals();
    caller->outside = PyEval_SaveThread();
    return status;
}

static int
mark(void *data)
{
    Caller *caller = data;
    PyEval_RestoreThread(caller->outside);
    PyObject *nothing = PyObject_CallNoArgs(caller->mark);
    Py_XDECREF(nothing);
    caller->outside = PyEval_SaveThread();
    return nothing ? 0 : -1;
}

static PyObject *
counts_of(const uint64_t *counts, size_t length)
{
    PyObject *found = PyDict_New();
    for (size_t index = 0; found && index < length; index++) {
        if (!counts[index])
            continue;
        PyObject *key = PyLong_FromSize_t(index);
        PyObject *value = PyLong_FromUnsignedLongLong(counts[index]);
        if (!key || !value || PyDict_SetItem(found, key, value))
            Py_CLEAR(found);
        Py_XDECREF(key);
        Py_XDECREF(value);
    }
    return found;
}

/* Return buckets with their counts, and the exact sum, minimum and maximum. */
static PyObject *
histogram_as_tuple(const Histogram *histogram)
{
    PyObject *counts = counts_of(histogram->counts, HISTOGRAM_BUCKETS);
    return counts ? Py_BuildValue("(NLLL)", counts, (long long)histogram->sum, (long long)histogram->min,
                                  (long long)histogram->max)
                  : NULL;
}

static PyObject *
result_as_dict(const Result *result)
{
    PyObject *errors = counts_of(result->errors, FAILURES);
    PyObject *slices = counts_of(result->slices, result->slice_count);
    PyObject *latency = histogram_as_tuple(&result->latency);
    PyObject *lag = histogram_as_tuple(&result->lag);
    if (errors && slices && latency && lag)
        return Py_BuildValue("{sNsNsNsNsLsL}", "errors", errors, "slices", slices, "latency", latency, "lag", lag,
                             "elapsed_ns", (long long)result->elapsed_ns, "polled_ns", (long long)result->polled_ns);
    Py_XDECREF(errors);
    Py_XDECREF(slices);
    Py_XDECREF(latency);
    Py_XDECREF(lag);
    return NULL;
}

static PyObject *
run(const Plan *plan, PyObject *to_mark)
{
    Result *result = calloc(1, sizeof *result);
    if (!result)
        return PyErr_NoMemory();
    result->slice_count = (size_t)(plan->deadline_ns / SLICE_NS) + 1;
    result->slices = calloc(result->slice_count, sizeof *result->slices);
    PyObject *told = NULL;
    if (result->slices) {
        Caller caller = {to_mark, PyEval_SaveThread()};
        Calls calls = {interrupted, mark, &caller};
        const char *operation;
        int outcome = engine_run(plan, &calls, result, &operation);
        PyEval_RestoreThread(caller.outside);
        if (outcome == RUN_DONE)
            told = result_as_dict(result);
        else if (outcome == RUN_BROKEN_SYSTEM)
            refused(operation);
        else if (outcome == RUN_OUT_OF_MEMORY)
            PyErr_NoMemory();
    } else {
        PyErr_NoMemory();
    }
    free(result->slices);
    free(result);
    return told;
}

/* Whether the numbers make a plan whose every read is inside the buffers. */
static int
is_sound(const Plan *plan, const Py_buffer *address, const Py_buffer *sent, const Py_buffer *expected)
{
    size_t size = (size_t)sent->len;
    if ((size_t)address->len > sizeof plan->address || (size_t)address->len < sizeof(sa_family_t))
        return 0;
    if (!plan->message_size || plan->message_size > size || expected->len != sent->len || !plan->offset_count)
        return 0;
    for (size_t index = 0; index < plan->offset_count; index++)
        if (plan->offsets[index] > size - plan->message_size)
            return 0;
    return plan->connections && plan->depth && plan->interval_ns >= 0 && plan->duration_ns >= 0 &&
           plan->deadline_ns >= 0 && plan->poll_ns >= 0 && (!plan->churn || plan->depth == 1);
}

static PyObject *
native_run(PyObject *Py_UNUSED(module), PyObject *arguments, PyObject *named)
{
    static char *names[] = {"address",     "connections", "idle",    "depth",        "churn",
                            "interval_ns", "duration_ns", "deadline_ns", "poll_ns",  "max_requests",
                            "message_size", "sent",       "expected", "offsets",     "mark", NULL};
    Plan plan = {0};
    Py_buffer address, sent, expected, offsets;
    long long interval_ns, duration_ns, deadline_ns, poll_ns;
    unsigned long long max_requests;
    Py_ssize_t message_size;
    PyObject *to_mark;
    if (!PyArg_ParseTupleAndKeywords(arguments, named, "$y*IIIpLLLLKny*y*y*O", names, &address, &plan.connections,
                                     &plan.idle, &plan.depth, &plan.churn, &interval_ns, &duration_ns, &deadline_ns,
                                     &poll_ns, &max_requests, &message_size, &sent, &expected, &offsets, &to_mark))
        return NULL;
    plan.interval_ns = interval_ns;
    plan.duration_ns = duration_ns;
    plan.deadline_ns = deadline_ns;
    plan.poll_ns = poll_ns;
    plan.max_requests = max_requests;
    plan.message_size = message_size < 0 ? 0 : (size_t)message_size;
    plan.sent = sent.buf;
    plan.expected = expected.buf;
    plan.offsets = offsets.buf;
    plan.offset_count = (size_t)offsets.len / sizeof *plan.offsets;
    PyObject *told = NULL;
    if (is_sound(&plan, &address, &sent, &expected)) {
        memcpy(&plan.address, address.buf, (size_t)address.len);
        plan.address_size = (socklen_t)address.len;
        told = run(&plan, to_mark);
    } else {
        PyErr_SetString(PyExc_ValueError, "the plan contradicts itself");
    }
    PyBuffer_Release(&address);
    PyBuffer_Release(&sent);
    PyBuffer_Release(&expected);
    PyBuffer_Release(&offsets);
    return told;
}

static PyObject *
native_serve(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    int listener, stop;
    long long grace_ns;
    Py_ssize_t receive_size;
    if (!PyArg_ParseTuple(arguments, "iiLn", &listener, &stop, &grace_ns, &receive_size))
        return NULL;
    if (receive_size < 1) {
        PyErr_SetString(PyExc_ValueError, "nothing can be received with a receive size below 1");
        return NULL;
    }
    const char *operation = "";
    int status;
    Py_BEGIN_ALLOW_THREADS
    status = ceiling_serve(listener, stop, grace_ns, (size_t)receive_size, &operation);
    Py_END_ALLOW_THREADS
    if (status)
        return refused(operation);
    Py_RETURN_NONE;
}

#ifdef __clang__
#define COMPILER __VERSION__ /* it says its name itself */
#else
#define COMPILER "GCC " __VERSION__
#endif

static int
execute(PyObject *module)
{
    return PyModule_AddStringConstant(module, "COMPILER", COMPILER);
}

static PyMethodDef methods[] = {
    {"run", (PyCFunction)(void (*)(void))native_run, METH_VARARGS | METH_KEYWORDS, "Carry out a load plan."},
    {"serve", native_serve, METH_VARARGS, "Serve a listener until another descriptor is readable."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
#if !defined(Py_LIMITED_API) && PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED}, /* each call keeps to data of its own */
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "upecho.support._native",
    .m_doc = "The native load engine and the ceiling server.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__native(void)
{
    return PyModuleDef_Init(&definition);
}
