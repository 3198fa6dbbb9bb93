"""Measures what the selected tests ask for: the cells of a group interleaved, when its first test runs."""

import math
import warnings
from collections.abc import Callable, Generator, Sequence

import pytest
from pytest_benchmark.logger import PytestBenchmarkWarning

from upecho import inventory, registry
from upecho.address import Family
from upecho.errors import UpechoError
from upecho.measure.blocks import Block, Window
from upecho.measure.cells import SCENARIOS, Cell, Scenario
from upecho.measure.results import Results
from upecho.measure.rounds import Limits
from upecho.measure.run import Run

WARM_UP_SECONDS = 0.05
PARAMETERS = ("scenario", "family", "implementation")


class Clock:
    """Stands in for pytest-benchmark's timer, and shows the times of blocks that were measured before."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def __call__(self) -> float:
        """Tell the time, in seconds."""
        return self._seconds

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._seconds += seconds

    def __repr__(self) -> str:
        return "seconds per request, block after block"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "timeout(seconds): known where pytest-timeout is installed")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("upecho")
    group.addoption("--implementation", action="append", default=[], help="NAME or NAME+LOOP (default: all)")
    group.addoption("--blocks", type=int, default=3, help="server processes for each cell (default: 3)")
    group.addoption("--block-seconds", type=float, default=0.25, help="of load on each (default: 0.25)")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish() -> Generator[None]:
    """Let "nothing was saved", where every test was skipped, be a line and no traceback."""
    with warnings.catch_warnings():
        warnings.simplefilter("default", PytestBenchmarkWarning)
        return (yield)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    families = _chosen(inventory.families(), metafunc.config.getoption("--family"))
    servers = _chosen(_servers(), metafunc.config.getoption("--implementation"))
    metafunc.parametrize(
        PARAMETERS,
        [
            _parameters(scenario.name, family, server)
            for scenario in SCENARIOS
            for family in families
            for server in servers
        ],
    )


def _servers() -> list[inventory.Entry]:
    return [row for row in inventory.servers() if not row.naive]


def _chosen(known: Sequence[inventory.Entry], names: Sequence[str]) -> list[inventory.Entry]:
    """Return what was named, or else everything; a name may also be one that only the registry can read."""
    rows = {row.name: row for row in known}
    return [rows.get(name) or _entry(name) for name in dict.fromkeys(names or rows)]


def _entry(name: str) -> inventory.Entry:
    try:
        registry.load(name)
    except UpechoError as error:
        raise pytest.UsageError(str(error)) from None
    return inventory.Entry(name)


def _parameters(scenario: str, family: inventory.Entry, server: inventory.Entry) -> object:
    benchmark = pytest.mark.benchmark(group=f"{scenario} over {family.name}", timer=Clock())
    reason = server.unavailable or family.unavailable
    marks = [benchmark, pytest.mark.skip(reason=reason)] if reason else [benchmark]
    name = f"{scenario}-{family.name}-{server.name}"
    return pytest.param(scenario, family.name, server.name, id=name, marks=marks)


class Groups:
    """What was measured for each group of tests so far."""

    def __init__(self, session: pytest.Session) -> None:
        self._config = session.config
        functions = [item for item in session.items if isinstance(item, pytest.Function)]
        parameters = [{name: str(item.callspec.params[name]) for name in PARAMETERS} for item in functions]
        self._cells = [_cell(**one) for one in parameters]
        self._measured: dict[tuple[Scenario, Family], Results] = {}

    def results(self, cell: Cell) -> Results:
        """Return the results of a cell's group."""
        key = (cell.scenario, cell.family)
        if key not in self._measured:
            self._measured[key] = self._measure([one for one in self._cells if (one.scenario, one.family) == key])
        return self._measured[key]

    def _measure(self, cells: Sequence[Cell]) -> Results:
        blocks, seconds = (self._config.getoption(name) for name in ("--blocks", "--block-seconds"))
        run = Run(cells, Window(WARM_UP_SECONDS, seconds, seed=0), Limits(blocks, math.inf))
        for _ in run.measure(lambda _cell, _round: None):
            pass
        return run.results()


def _cell(scenario: str, family: str, implementation: str) -> Cell:
    return Cell(implementation, Family(family), next(one for one in SCENARIOS if one.name == scenario))


@pytest.fixture(scope="session")
def groups(request: pytest.FixtureRequest) -> Groups:
    return Groups(request.session)


@pytest.fixture
def advance(request: pytest.FixtureRequest) -> Callable[[float], None]:
    """Let seconds pass on the test's clock."""
    clock: Clock = request.node.get_closest_marker("benchmark").kwargs["timer"]
    return clock.advance


@pytest.fixture
def cell(scenario: str, family: str, implementation: str) -> Cell:
    return _cell(scenario, family, implementation)


@pytest.fixture
def blocks(request: pytest.FixtureRequest, groups: Groups, cell: Cell) -> tuple[Block, ...]:
    """The blocks of the test's own cell."""
    if hasattr(request.config, "workerinput"):
        pytest.skip("measurements disturb each other; run without -n")
    results = groups.results(cell)
    if reason := next(one.unsupported for one in results.wanted if one.target == cell.target):
        pytest.skip(f"unsupported: {reason}")
    return tuple(block for block in results.blocks if block.target == cell.target)
