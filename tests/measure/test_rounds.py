"""The order of trials is drawn, balanced and repeatable; rounds end in time."""

import itertools
import math
import random
import time
from collections import Counter
from collections.abc import Sequence, Set
from typing import cast

import pytest

from upecho.load.latency import Latency
from upecho.load.plan import LoadResult, ServerUse
from upecho.measure import interleaving, rounds
from upecho.measure.cells import USUAL, Cell
from upecho.measure.rounds import Limits
from upecho.measure.run import every_cell
from upecho.measure.trials import Bench, Trial
from upecho.net.address import Family

CELLS = every_cell(["a", "b", "c"], [Family.INET, Family.UNIX], USUAL)


def orders(count: int, seed: int = 1) -> list[list[Cell]]:
    return list(itertools.islice(interleaving.rounds(CELLS, seed), count))


def test_every_round_has_every_cell_once() -> None:
    for order in orders(5):
        assert sorted(map(str, order)) == sorted(map(str, CELLS))


def test_every_second_round_is_the_one_before_backwards() -> None:
    first, second, third, fourth = orders(4)
    assert second == first[::-1]
    assert fourth == third[::-1]
    assert third not in (first, second)


def test_cells_that_are_compared_are_measured_close_together() -> None:
    for order in orders(6):
        groups = [key for key, _ in itertools.groupby((cell.scenario, cell.family) for cell in order)]
        assert len(groups) == len(USUAL) * 2


def test_the_seed_decides_the_order() -> None:
    assert orders(4) == orders(4)
    assert orders(1, seed=1) != orders(1, seed=2)


def test_every_place_is_taken_by_every_cell_of_a_group() -> None:
    firsts = {order[0] for order in orders(600)}
    assert firsts == set(CELLS)


def test_one_cell_of_each_group_is_there_twice_and_takes_turns() -> None:
    copied = []
    for order in itertools.islice(interleaving.rounds(CELLS, 1, copies=True), 6):
        counts = Counter(order)
        assert set(counts) == set(CELLS)
        copied.append({cell for cell, count in counts.items() if count == 2})
        assert len({(cell.scenario, cell.family) for cell in copied[-1]}) == len(copied[-1]) == 6
    assert copied[0] == copied[1] != copied[2] == copied[3] != copied[4]
    assert copied[0] | copied[2] | copied[4] == set(CELLS)


LATENCY = Latency.of([1000])
COST = {"a": 1.0, "b": 2.0, "c": 3.0}


class FakeBench:
    """Measures nothing; a trial takes a second on a clock that is not the real one."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, bad: Cell | None = None, void: Cell | None = None, noise: float = 0.0
    ) -> None:
        self._bad, self._void = bad, void
        self._noise, self._source = noise, random.Random(1)
        self._now = 0.0
        monkeypatch.setattr(time, "monotonic", lambda: self._now)

    def measure(self, cell: Cell, number: int) -> Trial:
        self._now += 1.0
        # Over Unix it is quiet.
        noise = self._source.gauss(0, self._noise) if cell.family is Family.INET else 0.0
        cpu_ns = round(COST[cell.target] * 1e6 * math.exp(noise))
        server = ServerUse(cpu_ns, cpu_ns, 0, 0, 0, 0, 1)
        load = LoadResult("python", 1, 1, 10**9, 1, server, False, LATENCY, {})
        failure, void = ("1 reset" if cell == self._bad else "", "doubtful" if cell == self._void else "")
        return Trial(*cell.name[:3], number, load, failure, void)


def measured(
    fake: FakeBench, limits: Limits, cells: Sequence[Cell] = CELLS, beside: Set[Cell] = frozenset()
) -> list[Trial]:
    begun: list[tuple[str, int]] = []
    trials = list(
        rounds.measure(
            cast("Bench", fake), cells, limits, 1, lambda cell, number: begun.append((str(cell), number)), beside=beside
        )
    )
    assert begun == [(f"{trial.scenario}-{trial.family}-{trial.target}", trial.round) for trial in trials]
    return trials


def test_rounds_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = measured(FakeBench(monkeypatch), Limits(3, math.inf))
    assert [trial.round for trial in trials] == [1] * 18 + [2] * 18 + [3] * 18


@pytest.mark.parametrize(("budget", "expected"), [(0, 1), (35, 1), (36, 2), (53, 2), (54, 3), (1000, 4)])
def test_no_round_is_begun_that_goes_beyond_the_budget(
    budget: float, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert measured(FakeBench(monkeypatch), Limits(4, budget))[-1].round == expected


def test_what_failed_is_not_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = measured(FakeBench(monkeypatch, bad=CELLS[4], void=CELLS[5]), Limits(3, math.inf))
    assert len(trials) == 3 * 18 - 4
    assert [trial.round for trial in trials if trial.failure or trial.void] == [1, 1]


@pytest.mark.parametrize(("beside", "counts"), [((), [3, 1]), ((0,), [1, 1]), ((1,), [3, 1])])
def test_what_is_beside_others_ends_with_them(
    beside: tuple[int, ...], counts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeBench(monkeypatch, bad=CELLS[1])
    trials = measured(fake, Limits(3, math.inf), CELLS[:2], {CELLS[number] for number in beside})
    assert [sum(trial.target == cell.target for trial in trials) for cell in CELLS[:2]] == counts


def rounds_over(family: Family, trials: list[Trial]) -> int:
    return max(trial.round for trial in trials if trial.family == family.value)


def test_what_is_known_well_enough_is_measured_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = measured(FakeBench(monkeypatch, noise=0.05), Limits(100, math.inf, fewest=5, precision=0.03))
    assert rounds_over(Family.UNIX, trials) == 5
    assert 6 <= rounds_over(Family.INET, trials) < 50
    precise = measured(FakeBench(monkeypatch, noise=0.05), Limits(100, math.inf, fewest=5, precision=0.02))
    assert rounds_over(Family.INET, precise) > rounds_over(Family.INET, trials)


def test_the_budget_ends_what_is_not_known_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = measured(FakeBench(monkeypatch, noise=0.5), Limits(100, 100.0, fewest=2, precision=0.03))
    assert len(trials) <= 100
    assert rounds_over(Family.UNIX, trials) == 2


def test_without_a_wish_for_precision_it_is_never_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rounds_over(Family.UNIX, measured(FakeBench(monkeypatch, noise=0.05), Limits(7, math.inf))) == 7
