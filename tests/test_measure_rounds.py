"""The order of blocks is drawn, balanced and repeatable; rounds end in time."""

import itertools
import math
import time
from typing import cast

import pytest

from upecho.address import Family
from upecho.measure import interleaving, rounds
from upecho.measure.blocks import Bench, Block
from upecho.measure.cells import SCENARIOS, Cell
from upecho.measure.rounds import Limits
from upecho.measure.run import every_cell

CELLS = every_cell(["a", "b", "c"], [Family.INET, Family.UNIX], SCENARIOS)


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
        groups = [scenario for scenario, _ in itertools.groupby(cell.scenario for cell in order)]
        assert len(groups) == len(SCENARIOS)


def test_the_seed_decides_the_order() -> None:
    assert orders(4) == orders(4)
    assert orders(1, seed=1) != orders(1, seed=2)


def test_every_place_is_taken_by_every_cell_of_a_group() -> None:
    firsts = {order[0] for order in orders(600)}
    assert firsts == set(CELLS)


class FakeBench:
    """Measures nothing; a block takes a second on a clock that is not the real one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, bad: Cell | None = None) -> None:
        self._bad = bad
        self._now = 0.0
        monkeypatch.setattr(time, "monotonic", lambda: self._now)

    def measure(self, cell: Cell, number: int) -> Block:
        self._now += 1.0
        failure = "1 reset" if cell == self._bad else ""
        return Block(cell.target, cell.family.value, cell.scenario.name, number, None, failure)


def measured(fake: FakeBench, limits: Limits) -> list[Block]:
    begun: list[tuple[str, int]] = []
    blocks = list(
        rounds.measure(cast("Bench", fake), CELLS, limits, 1, lambda cell, number: begun.append((str(cell), number)))
    )
    assert begun == [(f"{block.scenario}-{block.family}-{block.target}", block.round) for block in blocks]
    return blocks


def test_rounds_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = measured(FakeBench(monkeypatch), Limits(3, math.inf))
    assert [block.round for block in blocks] == [1] * 18 + [2] * 18 + [3] * 18


@pytest.mark.parametrize(("budget", "expected"), [(0, 1), (35, 1), (36, 2), (53, 2), (54, 3), (1000, 4)])
def test_no_round_is_begun_that_goes_beyond_the_budget(
    budget: float, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert measured(FakeBench(monkeypatch), Limits(4, budget))[-1].round == expected


def test_what_failed_is_not_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = measured(FakeBench(monkeypatch, bad=CELLS[4]), Limits(3, math.inf))
    assert len(blocks) == 3 * 18 - 2
    assert [block.round for block in blocks if block.failure] == [1]
