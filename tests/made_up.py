"""Results of runs that never were: what requests cost in them is what a test says."""

import dataclasses
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from upecho.load.latency import Latency
from upecho.load.plan import LoadResult, ServerUse
from upecho.measure.cells import Scenario
from upecho.measure.cores import Cores
from upecho.measure.environment import Environment
from upecho.measure.results import Results, Wanted
from upecho.measure.rounds import Limits
from upecho.measure.trials import Trial, Window

CORES = Cores((0,), (1,))
MACHINE = Environment("2026-01-01", "A CPU", 2, CORES, "Linux 6", "CPython 3", "1", {}, "", "tsc", 0.5, "GCC 12")
CHAT = Scenario("chat", 64, 1024)
REQUESTS = 1000
LATENCY = Latency.of([1000])


def load(cost_us: float, engine: str = "native") -> LoadResult:
    """A load in which each request cost so much CPU time, and twice as much time in all."""
    cpu_ns = round(cost_us * 1000 * REQUESTS)
    server = ServerUse(cpu_ns, cpu_ns, 0, 0, 0, 0, 1)
    return LoadResult(engine, REQUESTS, REQUESTS * 1024, 2 * cpu_ns, 1, server, False, LATENCY, {})


def run(
    costs: Mapping[str, Sequence[float] | str],
    *,
    families: Sequence[str] = ("unix",),
    copies: Mapping[str, Sequence[float]] | None = None,
    disturbed: int = 0,
    engine: str = "native",
    **parts: Any,
) -> Results:
    """A run under the scenario ``chat``.

    Args:
        costs: for each target, CPU µs of a request round by round, or what went wrong in the first one.
        families: over all of which they are the same.
        copies: further trials of targets, in the same rounds.
        disturbed: how many trials of each target were.
        engine: the load engine.
        parts: of the results, instead of the usual ones.
    """
    trials = []
    for family in families:
        for target, rounds in [*costs.items(), *(copies or {}).items()]:
            if isinstance(rounds, str):
                trials.append(Trial(target, family, CHAT.name, 1, None, rounds))
                continue
            trials += [
                Trial(
                    target, family, CHAT.name, number, load(cost, engine),
                    disturbances=("noise",) if number <= disturbed else (),
                )
                for number, cost in enumerate(rounds, 1)
            ]  # fmt: skip
    usual = Results(
        environment=MACHINE,
        window=Window(0.1, 0.5, 0, engine),
        limits=Limits(100, 60.0, copies=True),
        checked=True,
        scenarios=(CHAT,),
        wanted=tuple(Wanted(target, family, CHAT.name) for family in families for target in costs),
        trials=tuple(trials),
    )
    return dataclasses.replace(usual, **parts)


def noisy(
    source: random.Random, costs: Mapping[str, float], rounds: int, *, machine: float = 1.0, copied: str = ""
) -> Results:
    """A run in which trials vary by 2 %, and the machine between rounds by 5 %.

    Args:
        source: of chance.
        costs: CPU µs of a request for each target.
        rounds: how many.
        machine: by how much everything takes longer.
        copied: the target that is measured twice in each round; empty for none.
    """
    drawn: dict[str, list[float]] = {target: [] for target in costs}
    copies: dict[str, list[float]] = {copied: []} if copied else {}
    for _ in range(rounds):
        now = machine * math.exp(source.gauss(0, 0.05))
        for target, costs_of in [*drawn.items(), *copies.items()]:
            costs_of.append(costs[target] * now * math.exp(source.gauss(0, 0.02)))
    return run(drawn, copies=copies)
