"""The kinds of runs of ``upecho bench``, and what each does unless an option says otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from upecho.cli.bench import columns, instructions
from upecho.load.engine import best
from upecho.measure.plan.scenarios import DEFAULT_SCENARIOS, THROUGHPUT, Scenario
from upecho.measure.plan.settings import Limits, Window
from upecho.measure.statistics.claims import MIN_ROUNDS
from upecho.net.address import Family


@dataclass(frozen=True)
class Profile:
    """The defaults of a kind of run.

    Attributes:
        min_rounds: Number of rounds before the precision is considered.
        rounds: Maximum number of rounds.
        seconds: Duration of a trial's window, in seconds.
        warm_up_seconds: Duration of a trial's warm-up, in seconds.
        budget: Maximum duration of all rounds, in seconds.
        families: Families that are measured, if the targets are not addresses.
        scenarios: Loads that are measured.
        precision: Half width of the interval at which a run stops, in percent.
    """

    min_rounds: int
    rounds: int
    seconds: float
    warm_up_seconds: float
    budget: float
    families: Sequence[Family]
    scenarios: Sequence[Scenario]
    precision: float = 3.0


NORMAL = Profile(
    min_rounds=5,
    rounds=100,
    seconds=1.0,
    warm_up_seconds=0.2,
    budget=900.0,
    families=(Family.INET, Family.UNIX),
    scenarios=DEFAULT_SCENARIOS,
)
# A quick run of all built-in servers has 15 cells. As it takes 0.15 s to start and end a server, a round takes 3.5 s.
# More rounds of one family say more than fewer rounds of two: after five, most ratios are only known to ± 10 %.
QUICK = Profile(
    min_rounds=MIN_ROUNDS,
    rounds=14,
    seconds=0.1,
    warm_up_seconds=0.02,
    budget=50.0,
    families=(Family.INET,),
    scenarios=(THROUGHPUT,),
    precision=5.0,
)
# The instructions of a server differ by a few tenths of a percent from one memory layout to the next.
COUNTED = Profile(
    min_rounds=MIN_ROUNDS,
    rounds=10,
    seconds=1.0,
    warm_up_seconds=0.2,
    budget=900.0,
    families=instructions.FAMILIES,
    scenarios=(instructions.LOCKSTEP,),
    precision=0.1,
)
QUICKLY_COUNTED = replace(COUNTED, rounds=5)


def profile_of(options: Mapping[str, Any]) -> Profile:
    """Return the defaults of the run that options ask for."""
    if options["count"]:
        return QUICKLY_COUNTED if options["quick"] else COUNTED
    return QUICK if options["quick"] else NORMAL


def window_and_limits(options: Mapping[str, Any]) -> tuple[Window, Limits]:
    """Return how each server is loaded and when the run stops: as the options say, or else as their profile does."""
    profile = profile_of(options)
    window = Window(
        warm_up_seconds=profile.warm_up_seconds,
        seconds=options["seconds"] or profile.seconds,
        seed=options["seed"],
        engine=options["engine"] or best(),
        system_calls=columns.counting(options["columns"], options["fail_above"]),
    )
    limits = Limits(
        rounds=options["rounds"] or profile.rounds,
        budget_seconds=profile.budget if options["budget"] is None else options["budget"],
        min_rounds=profile.min_rounds,
        precision=(profile.precision if options["precision"] is None else options["precision"]) / 100,
        copies=not options["count"],
    )
    return window, limits
