/* From Python's arguments to a Plan that is safe to carry out. */
#ifndef UPECHO_ARGUMENTS_H
#define UPECHO_ARGUMENTS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "plan.h"

/* The plan points into the buffers, so they are held until arguments_release. */
typedef struct {
    Plan plan;
    PyObject *mark; /* borrowed from the arguments */
    Py_buffer address, sent, expected;
    uint32_t *offsets;
} Arguments;

/* Read the arguments of run(). Returns 0, or -1 with a Python exception that says which one is wrong and why; then
   there is nothing to release. */
int arguments_read(Arguments *arguments, PyObject *positional, PyObject *named);
void arguments_release(Arguments *arguments);

/* Read an integer. Returns 0, or -1 with an exception that names the field, unless it is within the limits. */
int argument_as_integer(const char *field, PyObject *value, int64_t minimum, int64_t maximum, int64_t *integer);

#endif
