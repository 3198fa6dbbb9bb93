#include "results.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const names[FAILURE_COUNT] = {
    [FAILURE_REFUSED] = "REFUSED",     [FAILURE_NO_PORT] = "NO_PORT",   [FAILURE_RESET] = "RESET",
    [FAILURE_EARLY_END] = "EARLY_END", [FAILURE_MISMATCH] = "MISMATCH", [FAILURE_SURPLUS] = "SURPLUS",
    [FAILURE_TIMED_OUT] = "TIMED_OUT",
};

PyObject *
failure_names(void)
{
    PyObject *tuple = PyTuple_New(FAILURE_COUNT);
    for (int failure = 0; tuple && failure < FAILURE_COUNT; failure++) {
        PyObject *name = PyUnicode_FromString(names[failure]);
        if (!name || PyTuple_SetItem(tuple, failure, name))
            Py_CLEAR(tuple);
    }
    return tuple;
}

/* Return a dict with the counts that are not 0, by their place. */
static PyObject *
counts_as_dict(const uint64_t *counts, size_t length)
{
    PyObject *dict = PyDict_New();
    for (size_t index = 0; dict && index < length; index++) {
        if (!counts[index])
            continue;
        PyObject *key = PyLong_FromSize_t(index);
        PyObject *value = PyLong_FromUnsignedLongLong(counts[index]);
        if (!key || !value || PyDict_SetItem(dict, key, value))
            Py_CLEAR(dict);
        Py_XDECREF(key);
        Py_XDECREF(value);
    }
    return dict;
}

/* The limited API makes a number of 128 bits from text only. */
static PyObject *
sum_as_int(const Histogram *histogram)
{
    char digits[2 * 16 + 1];
    snprintf(digits, sizeof digits, "%" PRIx64 "%016" PRIx64, histogram->sum_high, histogram->sum_low);
    return PyLong_FromString(digits, NULL, 16);
}

/* Return (counts by bucket, sum, minimum, maximum); the last three are exact. */
static PyObject *
histogram_as_tuple(const Histogram *histogram)
{
    PyObject *counts = counts_as_dict(histogram->counts, HISTOGRAM_BUCKETS);
    PyObject *sum = sum_as_int(histogram);
    if (counts && sum)
        return Py_BuildValue("(NNLL)", counts, sum, (long long)histogram->min, (long long)histogram->max);
    Py_XDECREF(counts);
    Py_XDECREF(sum);
    return NULL;
}

static PyObject *
result_as_dict(const Result *result)
{
    PyObject *errors = counts_as_dict(result->errors, FAILURE_COUNT);
    PyObject *slices = counts_as_dict(result->slices, result->slice_count);
    PyObject *latency = histogram_as_tuple(&result->latency);
    PyObject *lag = histogram_as_tuple(&result->lag);
    if (errors && slices && latency && lag)
        return Py_BuildValue("{sNsNsNsNsLsLsLsLsL}", "errors", errors, "slices", slices, "latency", latency, "lag", lag,
                             "elapsed_ns", (long long)result->elapsed_ns, "polled_ns", (long long)result->polled_ns,
                             "cpu_ns", (long long)result->usage.cpu_ns, "waited_ns", (long long)result->usage.waited_ns,
                             "switches", (long long)result->usage.switches);
    Py_XDECREF(errors);
    Py_XDECREF(slices);
    Py_XDECREF(latency);
    Py_XDECREF(lag);
    return NULL;
}

PyObject *
results_as_list(Result *const *results, uint32_t count)
{
    PyObject *list = PyList_New(count);
    for (uint32_t number = 0; list && number < count; number++) {
        PyObject *dict = result_as_dict(results[number]);
        if (!dict || PyList_SetItem(list, number, dict))
            Py_CLEAR(list);
    }
    return list;
}
