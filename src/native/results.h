/* From what the engine measured to Python objects. */
#ifndef UPECHO_RESULTS_H
#define UPECHO_RESULTS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "plan.h"

/* Return a new tuple with the names of the failures; a name's place is its number in the errors of a result. */
PyObject *failure_names(void);

/* Return a result as the new dict that _native.pyi describes. */
PyObject *result_as_dict(const Result *result);

#endif
