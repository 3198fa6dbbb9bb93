"""The ranges of the numbers in a results file: what no run can have produced would break a report, or falsify it."""

from collections.abc import Iterator
from typing import Any

LOWEST = {  # of every number with this name; 0 for all others
    "connections": 1,
    "message_size": 1,
    "depth": 1,
    "rounds": 1,
    "min_rounds": 1,
    "round": 1,
    "core_count": 1,
}
# Differences of two readings of counters that may run backwards: those of processes that have ended are missing in the
# second reading, and hypervisors correct the time that they have stolen.
SIGNED = frozenset({"cpu_ns", "user_ns", "system_ns", "stolen_ns"})


def first_impossible(content: Any) -> str:
    """Return the first number that is too low, with its path and the lowest that is possible; empty if there is none.

    Args:
        content: A results file as JSON carries it.
    """
    return next(_impossible(content, "", ""), "")


def _impossible(value: Any, name: str, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _impossible(item, key, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _impossible(item, name, f"{path}[{index}]")
    elif isinstance(value, (int, float)) and name not in SIGNED and value < LOWEST.get(name, 0):
        yield f"{path} is {value}, which is less than {LOWEST.get(name, 0)}"
