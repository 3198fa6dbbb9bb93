"""``upecho bench --count instructions``: its options, and what such a run measures."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click

from upecho.measure.plan.scenarios import KIB, Scenario
from upecho.measure.plan.settings import Counting
from upecho.net.address import Family
from upecho.processes.counting.counter import AUTO, NAMES, counter
from upecho.serving.target import Kind, Target
from upecho.support.errors import CallerError

INSTRUCTIONS = "instructions"
LOCKSTEP = Scenario("lockstep", 1, KIB)
FAMILIES = (Family.UNIX,)  # what a server executes in user mode hardly depends on it
# CPython has adapted its code after a few hundred requests. Five thousand take a server about 5 s under Callgrind.
REQUESTS, QUICK_REQUESTS = (1000, 5000), (500, 1500)
TIMED = ("cold", "seconds", "engine_cores", "columns")  # options that have no meaning here


def count_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to the command."""
    count = click.option(
        "--count",
        type=click.Choice([INSTRUCTIONS]),
        help="Instead of measuring time, count the instructions that a server executes in user mode per request, which "
        "other work on the machine hardly changes.",
    )
    how = click.option(
        "--counter",
        type=click.Choice(NAMES),
        help="With --count: the kernel's counters (perf) or Valgrind (callgrind).  [default: auto, the first of them "
        "that works]",
    )
    return count(how(command))


def counting(options: Mapping[str, Any]) -> Counting | None:
    """Return how to count; None if the run measures time.

    Raises:
        CallerError: Other options contradict that.
        Unavailable: Instructions cannot be counted here.
    """
    if not options["count"]:
        if options["counter"]:
            raise CallerError("--counter needs --count instructions")
        return None
    for name in TIMED:
        if options[name]:
            option = f"--{name.replace('_', '-')}"
            raise CallerError(f"{option} is for a run that measures time", hint=f"leave out {option} or --count")
    found = counter(options["counter"] or AUTO)
    return Counting(found.name, found.tool, QUICK_REQUESTS if options["quick"] else REQUESTS)


def expect_startable(targets: Iterable[Target]) -> None:
    """Make sure that each target can be started, since the instructions of a server are counted from its start.

    Raises:
        CallerError: A target is the address of a server that runs already.
    """
    for target in targets:
        if target.kind is Kind.ADDRESS:
            raise CallerError(
                "the server runs already", subject=f"cannot count {target.text}", hint="leave out --count"
            )


def expect_lockstep(chosen: Sequence[Scenario]) -> None:
    """Make sure that scenarios can be counted.

    Raises:
        CallerError: One of them is not in lockstep, so that what a server does depends on chance.
    """
    for scenario in chosen:
        if scenario.clients > 1 or scenario.depth > 1 or scenario.churn or scenario.share is not None:
            reason = f"the scenario {scenario.name!r} does not have one connection with one request in flight"
            raise CallerError(reason, subject="cannot count", hint="leave out --scenario or --count")
