"""Results of runs that were never made; each test chooses the costs in them."""

import dataclasses
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from upecho.load.latency import Latency
from upecho.load.plan import LoadResult, ServerUse
from upecho.measure.cores import Cores
from upecho.measure.environment import Environment
from upecho.measure.plan.cells import Cell, Group
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.plan.settings import Limits, Window
from upecho.measure.results import RequestedCell, Results
from upecho.measure.statistics.plausibility import Void, VoidReason
from upecho.measure.throttling import Throttling
from upecho.measure.trials import Fault, Finding, Trial
from upecho.net.address import Family

CORES = Cores((0,), (1,))
MACHINE = Environment("2026-01-01", "A CPU", 2, CORES, "Linux 6", "CPython 3", "1", "", "tsc", 0.5, "GCC 12")
CHAT = Scenario("chat", 64, 1024)
GROUP = Group("chat", Family.UNIX)
REQUESTS = 1000
LATENCY = Latency.of([1000])
VOID = Void(VoidReason.LITTLES_LAW, "implausible")


def load(cost_us: float, engine: str = "native") -> LoadResult:
    """Return a load whose requests took this much CPU time each, and twice as much elapsed time."""
    cpu_ns = round(cost_us * 1000 * REQUESTS)
    server = ServerUse(cpu_ns, cpu_ns, 0, 0, 0, 0, 1)
    return LoadResult(engine, REQUESTS, REQUESTS * 1024, 2 * cpu_ns, 1, server, False, LATENCY, {})


def cell(target: str, family: str = "unix", scenario: str = "chat", *, cold: bool = False, python: str = "") -> Cell:
    return Cell(target, Family(family), scenario, cold, python)


def requested(target: str, family: str = "unix", scenario: str = "chat", **more: Any) -> RequestedCell:
    return RequestedCell(cell(target, family, scenario), **more)


def failed(text: str) -> tuple[Finding, ...]:
    """Return what a trial has found whose requests failed in this way."""
    return (Finding(Fault.REQUESTS_FAILED, text),)


def trial(target: str, number: int, load: LoadResult | None, failure: str = "", **more: Any) -> Trial:
    return Trial(cell(target), number, load, failed(failure) if failure else (), **more)


def run(
    costs: Mapping[str, Sequence[float] | str],
    *,
    families: Sequence[str] = ("unix",),
    copies: Mapping[str, Sequence[float]] | None = None,
    disturbed: int = 0,
    throttled: int = 0,
    engine: str = "native",
    **parts: Any,
) -> Results:
    """Return a run of the scenario ``chat``.

    Args:
        costs: For each target, CPU time per request in microseconds, round by round; or its failure in the first one.
        families: Families, over all of which the costs are the same.
        copies: Costs in further trials of targets, in the same rounds.
        disturbed: Number of trials of each target that were disturbed.
        throttled: Number of trials of each target that a CPU quota stopped, which disturbs them as well.
        engine: Name of the load engine.
        parts: Parts of the results that replace the usual ones.
    """
    trials: list[Trial] = []
    for family in families:
        for target, rounds in [*costs.items(), *(copies or {}).items()]:
            trials += _trials(cell(target, family), rounds, disturbed=disturbed, throttled=throttled, engine=engine)
    usual = Results(
        environment=MACHINE,
        window=Window(0.1, 0.5, 0, engine),
        limits=Limits(100, 60.0, copies=True),
        checked=True,
        scenarios=(CHAT,),
        requested=tuple(requested(target, family) for family in families for target in costs),
        trials=tuple(trials),
    )
    return dataclasses.replace(usual, **parts)


def _trials(
    cell: Cell, rounds: Sequence[float] | str, *, disturbed: int, throttled: int, engine: str
) -> Iterator[Trial]:
    if isinstance(rounds, str):
        yield Trial(cell, 1, None, failed(rounds))
        return
    for number, cost in enumerate(rounds, 1):
        noise = ("noise",) if number <= max(disturbed, throttled) else ()
        quota = Throttling(10, 9, 1000) if number <= throttled else Throttling(10, 0, 0)
        yield Trial(cell, number, load(cost, engine), disturbances=noise, throttling=quota)


def noisy(
    source: random.Random, costs: Mapping[str, float], rounds: int, *, machine: float = 1.0, copied: str = ""
) -> Results:
    """Return a run whose trials vary by 2 %, on a machine that varies by 5 % between rounds.

    Args:
        source: Source of randomness.
        costs: CPU time per request of each target, in microseconds.
        rounds: Number of rounds.
        machine: Factor by which everything takes longer.
        copied: Target that is measured twice in each round; empty for none.
    """
    drawn: dict[str, list[float]] = {target: [] for target in costs}
    copies: dict[str, list[float]] = {copied: []} if copied else {}
    for _ in range(rounds):
        now = machine * math.exp(source.gauss(0, 0.05))
        for target, costs_of in [*drawn.items(), *copies.items()]:
            costs_of.append(costs[target] * now * math.exp(source.gauss(0, 0.02)))
    return run(drawn, copies=copies)
