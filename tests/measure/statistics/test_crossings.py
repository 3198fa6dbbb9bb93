"""A crossing of Unix and TCP is claimed only between two sizes with real differences of opposite signs."""

import dataclasses
from collections.abc import Mapping, Sequence

import pytest

from tests.made_up import cell, load, requested, run
from upecho.measure.plan.scenarios import size_ladder
from upecho.measure.results import Results
from upecho.measure.statistics.crossings import SizeContrast, size_contrasts
from upecho.measure.statistics.summary import Summary
from upecho.measure.trials import Trial

pytestmark = pytest.mark.once

SIZES = (64, 1024, 65536)
LADDER = size_ladder("ladder", 16, sizes=SIZES)
NOISY = (0.5, 2.0, 0.5, 2.0, 1.0)  # factors of the rounds, with which no difference is detected
QUIET = (1.0, 1.01, 0.99, 1.01, 0.99)


def of_ladder(
    costs: Mapping[str, Sequence[float]], *, target: str = "a", noisy: Sequence[int] = (), rounds: int = 5
) -> Results:
    """Return a run of one server on a ladder.

    Args:
        costs: CPU time per request in microseconds at each size, by family.
        target: The server.
        noisy: Sizes at which the costs over the last family vary.
        rounds: Number of rounds.
    """
    trials = []
    for family, by_size in costs.items():
        for step, cost in zip(LADDER, by_size, strict=True):
            is_noisy = family == list(costs)[-1] and step.message_size in noisy
            factors = NOISY if is_noisy else QUIET
            for number, factor in enumerate(factors[:rounds], 1):
                trials.append(Trial(cell(target, family, step.name), number, load(cost * factor)))
    cells = tuple(requested(target, family, step.name) for family in costs for step in LADDER)
    return run({}, scenarios=LADDER, requested=cells, trials=tuple(trials))


def compared(results: Results) -> SizeContrast:
    (found,) = size_contrasts(Summary.of(results))
    return found


def test_crossing_lies_between_the_last_size_that_is_cheaper_and_the_first_that_is_dearer() -> None:
    found = compared(of_ladder({"inet": (10, 12, 20), "unix": (8, 11, 25)}))
    assert found.crossings == [(1024, 65536)]
    assert (found.cheaper_at, found.dearer_at) == ([64, 1024], [65536])
    assert found.by_size[65536].ratio.ratio == pytest.approx(1.25)


def test_size_without_a_known_difference_widens_the_crossing() -> None:
    found = compared(of_ladder({"inet": (10, 12, 20), "unix": (8, 11, 25)}, noisy=[1024]))
    assert found.crossings == [(64, 65536)]


@pytest.mark.parametrize("noisy", [[64], [65536], [64, 1024, 65536]])
def test_no_crossing_without_a_difference_on_both_sides(noisy: Sequence[int]) -> None:
    found = compared(of_ladder({"inet": (10, 20, 20), "unix": (8, 20, 25)}, noisy=[1024, *noisy]))
    assert found.crossings == []


def test_order_of_the_families_does_not_matter() -> None:
    costs = {"inet": (10, 12, 20), "unix": (8, 11, 25)}
    first, second = (compared(of_ladder(dict(order))) for order in (costs.items(), reversed(costs.items())))
    assert (second.cell, second.base) == (first.cell, first.base)
    assert second.crossings == first.crossings
    assert second.by_size[64].ratio.high == pytest.approx(first.by_size[64].ratio.high)


def test_every_change_is_found() -> None:
    found = compared(of_ladder({"inet": (10, 12, 20), "abstract": (8, 15, 15)}))
    assert found.crossings == [(64, 1024), (1024, 65536)]


def test_nothing_is_known_from_few_rounds() -> None:
    found = compared(of_ladder({"inet": (10, 12, 20), "unix": (8, 11, 25)}, rounds=3))
    assert (found.crossings, found.cheaper_at, found.dearer_at) == ([], [], [])


def test_two_families_of_one_kind_are_not_compared() -> None:
    assert size_contrasts(Summary.of(of_ladder({"inet": (10, 12, 20), "inet6": (8, 11, 25)}))) == []


def test_loads_that_differ_in_more_than_the_size_are_apart() -> None:
    made = of_ladder({"inet": (10, 12, 20), "unix": (8, 11, 25)})
    scenarios = (*LADDER[:2], dataclasses.replace(LADDER[2], connections=1))
    found = size_contrasts(Summary.of(dataclasses.replace(made, scenarios=scenarios)))
    assert [list(one.by_size) for one in found] == [[64, 1024], [65536]]
