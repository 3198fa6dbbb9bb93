/* upecho.support._native: the native load engine, the baseline server and the notification of signals,
   which _native.pyi documents. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>

#include "arguments.h"
#include "baseline.h"
#include "engine.h"
#include "notify.h"
#include "results.h"

/* Raise OSError for errno, with the system call that failed in the place of a file's name. */
static PyObject *
raise_os_error(const char *operation)
{
    return PyErr_SetFromErrnoWithFilename(PyExc_OSError, operation);
}

/* What the engine's callbacks get: it runs without the interpreter's lock, which they take and give back. */
typedef struct {
    PyObject *mark;
    PyThreadState *thread_state;
} CallbackContext;

static int
check_signals(void *data)
{
    CallbackContext *context = data;
    PyEval_RestoreThread(context->thread_state);
    int status = PyErr_CheckSignals();
    context->thread_state = PyEval_SaveThread();
    return status;
}

static int
mark(void *data)
{
    CallbackContext *context = data;
    PyEval_RestoreThread(context->thread_state);
    PyObject *returned = PyObject_CallNoArgs(context->mark);
    int status = returned ? 0 : -1;
    Py_XDECREF(returned);
    context->thread_state = PyEval_SaveThread();
    return status;
}

static PyObject *
run_into(Result **results, const Arguments *arguments)
{
    const char *operation;
    CallbackContext context = {arguments->mark, PyEval_SaveThread()};
    Callbacks callbacks = {check_signals, mark, &context};
    int outcome = engine_run(&arguments->plan, &callbacks, results, &operation);
    PyEval_RestoreThread(context.thread_state);
    switch (outcome) {
    case RUN_DONE:
        return results_as_list(results, arguments->plan.threads);
    case RUN_SYSTEM_ERROR:
        return raise_os_error(operation);
    case RUN_OUT_OF_MEMORY:
        return PyErr_NoMemory();
    default: /* RUN_INTERRUPTED: the callback has raised an exception */
        return NULL;
    }
}

static void
free_results(Result **results, uint32_t count)
{
    for (uint32_t number = 0; results && number < count; number++)
        free(results[number]);
    free(results);
}

/* Return an empty result for each thread, or NULL without memory for them. */
static Result **
new_results(const Plan *plan)
{
    size_t slice_count = (size_t)(plan->deadline_ns / SLICE_NS) + 1;
    Result **results = calloc(plan->threads, sizeof *results);
    for (uint32_t number = 0; results && number < plan->threads; number++) {
        results[number] = calloc(1, sizeof(Result) + slice_count * sizeof *results[number]->slices);
        if (!results[number]) {
            free_results(results, plan->threads);
            return NULL;
        }
        results[number]->slice_count = slice_count;
    }
    return results;
}

static PyObject *
native_run(PyObject *Py_UNUSED(module), PyObject *positional, PyObject *named)
{
    Arguments arguments;
    if (arguments_read(&arguments, positional, named))
        return NULL;
    Result **results = new_results(&arguments.plan);
    PyObject *returned = results ? run_into(results, &arguments) : PyErr_NoMemory();
    free_results(results, arguments.plan.threads);
    arguments_release(&arguments);
    return returned;
}

static PyObject *
native_serve(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    int listener, stop;
    PyObject *grace, *size;
    int64_t grace_ns, receive_size;
    if (!PyArg_ParseTuple(arguments, "iiOO", &listener, &stop, &grace, &size) ||
        argument_as_integer("grace_ns", grace, 0, MAX_SPAN_NS, &grace_ns) ||
        argument_as_integer("receive_size", size, 1, PY_SSIZE_T_MAX, &receive_size))
        return NULL;
    const char *operation;
    int status;
    Py_BEGIN_ALLOW_THREADS
        status = baseline_serve(listener, stop, grace_ns, (size_t)receive_size, &operation);
    Py_END_ALLOW_THREADS
    if (status)
        return raise_os_error(operation);
    Py_RETURN_NONE;
}

static PyObject *
native_notify_begin(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    int number, descriptor;
    if (!PyArg_ParseTuple(arguments, "ii", &number, &descriptor))
        return NULL;
    if (notify_begin(number, descriptor))
        return raise_os_error("sigaction");
    Py_RETURN_NONE;
}

static PyObject *
native_notify_end(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    int number;
    if (!PyArg_ParseTuple(arguments, "i", &number))
        return NULL;
    if (notify_end(number))
        return raise_os_error("sigaction");
    Py_RETURN_NONE;
}

#ifdef __clang__
#define COMPILER __VERSION__ /* begins with "Clang" */
#else
#define COMPILER "GCC " __VERSION__
#endif

/* Raise this number, and the one in support/extension.py, with every change of what Python calls or reads: an extension
   that was left over from an older build is then refused. */
#define INTERFACE 3

/* Add a constant to the module; the reference to the value is taken over. */
static int
add(PyObject *module, const char *name, PyObject *value)
{
    int status = value ? PyModule_AddObjectRef(module, name, value) : -1;
    Py_XDECREF(value);
    return status;
}

/* Export what Python must agree on, so that nothing has to be kept the same by hand. */
static int
add_constants(PyObject *module)
{
    static const struct {
        const char *name;
        int64_t value;
    } integers[] = {
        {"INTERFACE", INTERFACE},
        {"SLICE_NS", SLICE_NS},
        {"HISTOGRAM_BUCKETS", HISTOGRAM_BUCKETS},
        {"HISTOGRAM_HIGHEST", HISTOGRAM_HIGHEST},
        {"HISTOGRAM_LINEAR_BITS", HISTOGRAM_LINEAR_BITS},
        {"MAX_CONNECTIONS", MAX_CONNECTIONS},
        {"MAX_DEPTH", MAX_DEPTH},
        {"MAX_POLL_NS", MAX_POLL_NS},
        {"MAX_REQUESTS", MAX_REQUESTS},
        {"MAX_SPAN_NS", MAX_SPAN_NS},
        {"MAX_THREADS", MAX_THREADS},
    };
    for (size_t index = 0; index < sizeof integers / sizeof *integers; index++)
        if (add(module, integers[index].name, PyLong_FromLongLong(integers[index].value)))
            return -1;
    return add(module, "FAILURES", failure_names()) || add(module, "COMPILER", PyUnicode_FromString(COMPILER)) ? -1 : 0;
}

static PyMethodDef methods[] = {
    {"run", (PyCFunction)(void (*)(void))native_run, METH_VARARGS | METH_KEYWORDS,
     "Carry out a load plan and return what was measured."},
    {"serve", native_serve, METH_VARARGS, "Run the baseline server until a descriptor becomes readable."},
    {"notify_begin", native_notify_begin, METH_VARARGS, "Write to a descriptor whenever a signal arrives."},
    {"notify_end", native_notify_end, METH_VARARGS, "Restore the handler of a signal."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, add_constants},
#if !defined(Py_LIMITED_API) && PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED}, /* a call changes no data but its own */
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "upecho.support._native",
    .m_doc = "The native load engine, the baseline server and the notification of signals.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__native(void)
{
    return PyModuleDef_Init(&definition);
}
