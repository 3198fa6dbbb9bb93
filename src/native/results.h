/* From what the engine measured to Python objects. */
#ifndef UPECHO_RESULTS_H
#define UPECHO_RESULTS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "plan.h"

/* Return a new tuple with the names of the failures; a name's place is its number in the errors of a result. */
PyObject *failure_names(void);

/* Return the results of all threads as a new list of the dicts that _native.pyi describes. */
PyObject *results_as_list(Result *const *results, uint32_t count);

#endif
