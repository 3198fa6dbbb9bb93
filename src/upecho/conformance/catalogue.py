"""All checks of the suite, in the order in which they are run."""

from upecho.conformance.check import Check
from upecho.conformance.checks import (
    test_bytes,
    test_ends,
    test_flow,
    test_many_clients,
    test_resources,
    test_start_stop,
    test_stderr,
)


def catalogue() -> list[Check]:
    """Return the description of every check."""
    modules = (test_bytes, test_ends, test_flow, test_many_clients, test_resources, test_start_stop, test_stderr)
    functions = (value for module in modules for value in vars(module).values() if callable(value))
    return [check for function in functions if (check := Check.of(function))]
