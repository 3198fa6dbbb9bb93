"""The kinds of runs of ``upecho bench``, and what each does unless an option says otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from upecho.cli.bench import columns, instructions
from upecho.load.engine import best
from upecho.measure.plan.scenarios import DEFAULT_SCENARIOS, THROUGHPUT, Scenario
from upecho.measure.plan.settings import Limits, Window
from upecho.measure.statistics.claims import MIN_ROUNDS


@dataclass(frozen=True)
class Profile:
    """The defaults of a kind of run.

    Attributes:
        min_rounds: Number of rounds before the precision is considered.
        rounds: Maximum number of rounds.
        seconds: Duration of a trial's window, in seconds.
        warm_up_seconds: Duration of a trial's warm-up, in seconds.
        budget: Maximum duration of all rounds, in seconds.
        scenarios: What is measured.
        precision: Half width of the interval at which a run stops, in percent.
    """

    min_rounds: int
    rounds: int
    seconds: float
    warm_up_seconds: float
    budget: float
    scenarios: Sequence[Scenario]
    precision: float = 3.0


NORMAL = Profile(min_rounds=5, rounds=100, seconds=1.0, warm_up_seconds=0.2, budget=900.0, scenarios=DEFAULT_SCENARIOS)
# A quick run of all built-in servers has 30 cells. At 0.15 s to start and end a server, its rounds take 40 s. On a busy
# machine they take longer, because fewer would give no intervals.
QUICK = Profile(
    min_rounds=MIN_ROUNDS, rounds=5, seconds=0.1, warm_up_seconds=0.02, budget=120.0, scenarios=(THROUGHPUT,)
)
# The instructions of a server differ by a few tenths of a percent from one memory layout to the next.
COUNTED = Profile(
    min_rounds=MIN_ROUNDS,
    rounds=10,
    seconds=1.0,
    warm_up_seconds=0.2,
    budget=900.0,
    scenarios=(instructions.LOCKSTEP,),
    precision=0.1,
)


def profile_of(options: Mapping[str, Any]) -> Profile:
    """Return the defaults of the run that options ask for."""
    if options["count"]:
        return replace(COUNTED, rounds=QUICK.rounds) if options["quick"] else COUNTED
    return QUICK if options["quick"] else NORMAL


def window_and_limits(options: Mapping[str, Any]) -> tuple[Window, Limits]:
    """Return how each server is loaded and when the run stops: as the options say, or else as their profile does."""
    profile = profile_of(options)
    window = Window(
        warm_up_seconds=profile.warm_up_seconds,
        seconds=options["seconds"] or profile.seconds,
        seed=options["seed"],
        engine=options["engine"] or best(),
        system_calls=columns.counting(options["columns"]),
    )
    limits = Limits(
        rounds=options["rounds"] or profile.rounds,
        budget_seconds=profile.budget if options["budget"] is None else options["budget"],
        min_rounds=profile.min_rounds,
        precision=(profile.precision if options["precision"] is None else options["precision"]) / 100,
        copies=not options["count"],
    )
    return window, limits
