"""A server that does anything wrong has no numbers: whichever engine puts which load on it, and whenever it begins."""

import re
from collections.abc import Callable

import pytest

from tests import turncoats
from tests.made_up import run
from upecho.address import Family
from upecho.load.engine import best
from upecho.measure import blocks
from upecho.measure.blocks import Bench, Block, Window
from upecho.measure.cells import Cell, Scenario
from upecho.measure.claims import Claims
from upecho.measure.cores import Cores
from upecho.measure.results import Wanted
from upecho.measure.summary import summarise
from upecho.process import Supervisor

SIZE = turncoats.SIZE
# Both have had as many connections as turncoats serve well when it comes to the load that counts.
CLOSED = Scenario("closed", turncoats.WELL, SIZE)
SCHEDULED = Scenario("scheduled", turncoats.WELL // 2, SIZE, share=0.5)

needs_native = pytest.mark.skipif(best() != "native", reason="the C extension was not built")
LOADS = [
    pytest.param("python", CLOSED, id="python-closed"),
    pytest.param("native", CLOSED, id="native-closed", marks=needs_native),
    pytest.param("native", SCHEDULED, id="native-scheduled", marks=needs_native),
]


Measure = Callable[..., Block]


@pytest.fixture
def measured(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> Measure:
    """Measure a target; one that is to be waited for in vain has little time."""

    def measured(target: str, engine: str, scenario: Scenario, failure: str = "") -> Block:
        if failure == "timed out":
            monkeypatch.setattr(blocks, "DEADLINE_SECONDS", 1.0)
        bench = Bench(supervisor, Cores(), Window(0.01, 0.02, 1, engine))
        return bench.measure(Cell(target, Family.UNIX, scenario), round_number=1)

    return measured


def expect_no_numbers(block: Block, scenario: Scenario) -> None:
    wanted = Wanted(block.target, block.family, scenario.name)
    results = run({}, blocks=(block,), wanted=(wanted,), scenarios=(scenario,))
    (row,) = summarise(results)
    assert (row.numbers, row.failed) == (None, True)
    assert Claims(results).costs.groups() == {}


@pytest.mark.parametrize(("engine", "scenario"), LOADS)
def test_those_who_behave_have_numbers(measured: Measure, engine: str, scenario: Scenario) -> None:
    assert measured("threads", engine, scenario).failure == ""


@pytest.mark.parametrize(("engine", "scenario"), LOADS)
@pytest.mark.parametrize(
    ("target", "failure"),
    [
        ("wrong_times:instant_close", "early end|reset"),
        ("wrong_bytes:drops_last_byte", "timed out"),
        ("wrong_bytes:adds_newline", "surplus"),
        ("wrong_times:silent", "timed out"),
        ("wrong_bytes:lower_case", "mismatch"),
    ],
)
def test_who_is_broken_has_none(measured: Measure, target: str, failure: str, engine: str, scenario: Scenario) -> None:
    block = measured(f"tests.broken.{target}", engine, scenario, failure)
    assert re.search(failure, block.failure)
    expect_no_numbers(block, scenario)


@pytest.mark.parametrize(("engine", "scenario"), LOADS)
@pytest.mark.parametrize(
    ("target", "failure"),
    [
        # os._exit in several threads, where coverage saves its data
        pytest.param("dying", "ended with status 7", marks=pytest.mark.unmeasured),
        ("truncating", "timed out"),
        ("over_sending", "surplus"),
        ("stalling", "timed out"),
        ("lower_case", "mismatch"),
        ("stale", "mismatch"),
    ],
)
def test_who_breaks_only_when_it_counts_has_none(
    measured: Measure, target: str, failure: str, engine: str, scenario: Scenario
) -> None:
    block = measured(f"tests.turncoats:{target}", engine, scenario, failure)
    assert re.search(failure, block.failure)
    assert block.load
    assert block.load.errors
    assert (block.capacity is None) == (scenario.share is None), "it broke before it counted"
    expect_no_numbers(block, scenario)
