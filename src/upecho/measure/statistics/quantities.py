"""What trials measure and comparisons compare: each quantity once, with its name, its unit and how to get it.

A quantity is a number above 0 for which less is better, so that ratios of it can be averaged as logarithms and a ratio
above 1 means that something got worse. To add one, add it here: options that take the name of a quantity, such as
``--fail-above``, know all of ``QUANTITIES``.
"""

from collections.abc import Callable
from dataclasses import dataclass

from upecho.load.plan import LoadResult, ServerUse
from upecho.measure.statistics import causes
from upecho.measure.trials import Trial
from upecho.support.errors import CallerError
from upecho.support.text import unknown_name


@dataclass(frozen=True)
class Quantity:
    """A quantity that a trial measures.

    Attributes:
        name: What users write, such as ``p99``.
        label: What sentences call it, such as ``p99 latency``.
        unit: Unit that reports show it in, such as ``µs``.
        unit_size: Size of that unit in the unit of the values, for example 1000 if the values are nanoseconds.
        of: Returns the value that a trial has measured, which is above 0; None if the trial does not tell.
        ratio_decimals: Number of decimals of its ratios in reports.
    """

    name: str
    label: str
    unit: str
    unit_size: float
    of: Callable[[Trial], float | None]
    ratio_decimals: int = 3


def of_load(value: Callable[[LoadResult], float]) -> Callable[[Trial], float | None]:
    """Return a function that returns a value of a trial's load; None if there is none, or if the value is 0.

    A load during which instructions are counted tells nothing about times or memory, so it counts as none.
    """
    return lambda trial: (value(trial.load) or None) if trial.load and trial.load.requests and not trial.count else None


def of_use(value: Callable[[ServerUse], float]) -> Callable[[Trial], float | None]:
    """Return a function that returns a value of what the server used; None without a meter, or if the value is 0."""
    return of_load(lambda load: max(0.0, value(load.server)) if load.server else 0.0)


def per_request(value: Callable[[ServerUse], float]) -> Callable[[Trial], float | None]:
    """Return a function that returns what the server used per request; None without a meter, or if that is 0."""
    return of_load(lambda load: max(0.0, value(load.server)) / load.requests if load.server else 0.0)


def instructions(trial: Trial) -> float | None:
    """Return the instructions per request; None if they were not counted."""
    return trial.count.instructions / trial.count.requests if trial.count else None


CPU = Quantity("cpu", "CPU time per request", "µs", 1000, per_request(lambda use: use.cpu_ns))
INTERVAL = Quantity(
    "interval", "time between two replies", "µs", 1000, of_load(lambda load: load.elapsed_ns / load.requests)
)
INSTRUCTIONS = Quantity("instructions", "instructions per request", "instructions", 1, instructions, ratio_decimals=5)
COST = Quantity(
    "cost",
    "cost of a request",
    "µs",
    1000,
    lambda trial: INSTRUCTIONS.of(trial) or CPU.of(trial) or INTERVAL.of(trial),
)
P50 = Quantity("p50", "median latency", "µs", 1000, of_load(lambda load: max(1, load.latency.p50_ns)))
P99 = Quantity("p99", "p99 latency", "µs", 1000, of_load(lambda load: max(1, load.latency.p99_ns)))
P999 = Quantity("p999", "p99.9 latency", "µs", 1000, of_load(lambda load: max(1, load.latency.p999_ns)))
MEMORY = Quantity("memory", "peak memory", "MiB", 1024 * 1024, of_use(lambda use: use.peak_bytes))

USER = Quantity("user", "user time per request", "µs", 1000, causes.above_zero(causes.user_ns))
SYSTEM = Quantity("system", "system time per request", "µs", 1000, causes.above_zero(causes.system_ns))
SWITCHES = Quantity(
    "switches", "voluntary context switches per request", "", 1, causes.above_zero(causes.voluntary_switches)
)
INVOLUNTARY = Quantity(
    "involuntary", "involuntary context switches per request", "", 1, causes.above_zero(causes.involuntary_switches)
)
SYSTEM_CALLS = Quantity("syscalls", "system calls per request", "", 1, causes.above_zero(causes.system_calls))

# Those that users can name.
QUANTITIES = (CPU, P50, P99, P999, MEMORY, USER, SYSTEM, SWITCHES, INVOLUNTARY, SYSTEM_CALLS)
# What each of them is in a trial; 0 is a value here.
VALUES = {one.name: one.of for one in QUANTITIES} | causes.CAUSES


def named(name: str) -> Quantity:
    """Return the quantity that users call by a name.

    Raises:
        CallerError: There is none.
    """
    for one in (*QUANTITIES, INSTRUCTIONS):
        if one.name == name:
            return one
    raise CallerError(unknown_name("quantity", name, [one.name for one in QUANTITIES]))
