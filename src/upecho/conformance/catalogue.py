"""All checks of the suite, in the order in which they run."""

import functools

from upecho.conformance.check import Check
from upecho.conformance.checks import (
    test_bytes,
    test_connection_end,
    test_flow_control,
    test_latency,
    test_listening,
    test_many_clients,
    test_messages,
    test_resources,
    test_socket_paths,
    test_start_and_stop,
    test_staying_connected,
    test_stderr,
)

MODULES = (
    test_bytes,
    test_connection_end,
    test_flow_control,
    test_latency,
    test_listening,
    test_many_clients,
    test_messages,
    test_resources,
    test_socket_paths,
    test_start_and_stop,
    test_staying_connected,
    test_stderr,
)


def catalogue() -> list[Check]:
    """Return the description of every check."""
    functions = (value for module in MODULES for value in vars(module).values() if callable(value))
    return [check for function in functions if (check := Check.of(function))]


@functools.cache
def by_id() -> dict[str, Check]:
    """Return the description of every check, by its id."""
    return {check.id: check for check in catalogue()}
