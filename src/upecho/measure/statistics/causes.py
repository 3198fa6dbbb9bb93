"""What a request made a server do: the causes of its cost, each as a function of a trial; 0 means that it did none."""

from collections.abc import Callable

from upecho.load.plan import ServerUse
from upecho.measure.trials import Trial


def _use(trial: Trial) -> tuple[ServerUse, int] | None:
    """Return what the server used, and for how many requests; None if the trial does not tell."""
    load = trial.load
    return (load.server, load.requests) if load and load.server and load.requests else None


def user_ns(trial: Trial) -> float | None:
    """Return the CPU time per request in programs, in nanoseconds; None if it is unknown."""
    return _part_ns(trial, lambda use: use.user_ns)


def system_ns(trial: Trial) -> float | None:
    """Return the CPU time per request in the kernel, in nanoseconds; None if it is unknown."""
    return _part_ns(trial, lambda use: use.system_ns)


def _part_ns(trial: Trial, part: Callable[[ServerUse], int]) -> float | None:
    """Return a part of the CPU time per request.

    The sum of both parts is exact, but the kernel splits it by the mode at each clock tick, and shows whole ticks.
    """
    if not (found := _use(trial)):
        return None
    use, requests = found
    ticks_ns = use.user_ns + use.system_ns
    return max(0, use.cpu_ns) * max(0, part(use)) / ticks_ns / requests if ticks_ns > 0 else None


def voluntary_switches(trial: Trial) -> float | None:
    """Return how often per request a thread gave up its processor in order to wait; None if it is unknown."""
    found = _use(trial)
    return found[0].voluntary_switches / found[1] if found and found[0].voluntary_switches is not None else None


def involuntary_switches(trial: Trial) -> float | None:
    """Return how often per request a thread lost its processor before it was done; None if it is unknown.

    It is unknown where the other kind is, and in results of earlier versions, because threads that ended are missing.
    """
    found = _use(trial)
    return found[0].involuntary_switches / found[1] if found and found[0].voluntary_switches is not None else None


def system_calls(trial: Trial) -> float | None:
    """Return the system calls per request; None if they were not counted."""
    return trial.system_calls.count / trial.system_calls.requests if trial.system_calls else None


def above_zero(value: Callable[[Trial], float | None]) -> Callable[[Trial], float | None]:
    """Return the function of a quantity, whose ratios have logarithms: 0 becomes None."""
    return lambda trial: value(trial) or None


CAUSES = {  # by the names of their quantities
    "user": user_ns,
    "system": system_ns,
    "switches": voluntary_switches,
    "involuntary": involuntary_switches,
    "syscalls": system_calls,
}
DIVIDED = frozenset({"user", "system"})  # by their names, the parts of the CPU time
