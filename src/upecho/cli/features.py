"""What upecho can do only on some systems, and why this system lacks it."""

from collections.abc import Callable

from upecho.measure import cores
from upecho.processes.counting.counter import AUTO, counter
from upecho.processes.linux import procfs, system_calls
from upecho.serving.inventory import Entry
from upecho.support import extension
from upecho.support.errors import Unavailable


def features() -> list[Entry]:
    """Return the features that not every system has, each with the reason if this one lacks it."""
    return [
        _entry("--engine native", "pipelining, churn, schedules, several cores", _expect_native_engine),
        _entry("--engine-cores", "processor cores of its own for the load engine", cores.expect_binding),
        _entry(
            "CPU time",
            "also memory and switches of servers, --ab, --pid, --cgroup",
            lambda: procfs.expect_available(""),
        ),
        _entry("syscalls", "system calls per request, as in --columns syscalls", system_calls.method),
        _entry("instructions", "instructions per request, as in --count instructions", lambda: counter(AUTO)),
    ]


def _entry(name: str, summary: str, attempt: Callable[[], object]) -> Entry:
    try:
        attempt()
    except Unavailable as error:
        return Entry(name, summary, error.detail)
    return Entry(name, summary)


def _expect_native_engine() -> None:
    extension.require("the native load engine")
