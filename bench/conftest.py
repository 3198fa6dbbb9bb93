"""Measures what the selected tests ask for: the cells of a group interleaved, when its first test runs."""

import itertools
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

import pytest
from pytest_benchmark.logger import PytestBenchmarkWarning

from bench.groups import Groups, cell_of
from upecho.cli.console import console
from upecho.measure import pythons
from upecho.measure.cells import SCENARIOS, USUAL, Cell
from upecho.measure.results import Results
from upecho.measure.rounds import Limits
from upecho.measure.run import Terms
from upecho.measure.statistics.claims import FEWEST
from upecho.measure.trials import Trial, Window
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.report.benchmark.comparison import comparison
from upecho.serving import inventory, registry
from upecho.support import atomic_write
from upecho.support.errors import UpechoError

WARM_UP_SECONDS = 0.05
BUDGET_SECONDS = 86_400.0  # the number of trials decides
PYTHONS = pytest.StashKey[Mapping[str, Interpreter]]()
GROUPS = pytest.StashKey[Groups]()
PARAMETERS = ("scenario", "family", "implementation", "python")


class Clock:
    """Stands in for pytest-benchmark's timer, and shows the times of trials that were measured before."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def __call__(self) -> float:
        """Tell the time, in seconds."""
        return self._seconds

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._seconds += seconds

    def __repr__(self) -> str:
        return "seconds per request, trial after trial"


def pytest_configure(config: pytest.Config) -> None:
    try:
        config.stash[PYTHONS] = pythons.named(config.getoption("--python"))
        if file := config.getoption("--results"):
            atomic_write.check(file)
    except UpechoError as error:
        raise pytest.UsageError(str(error)) from None
    config.addinivalue_line("markers", "timeout(seconds): known where pytest-timeout is installed")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("upecho")
    group.addoption("--family", action="append", default=[], choices=list(Family), help="default: every available one")
    group.addoption("--implementation", action="append", default=[], help="NAME or NAME+LOOP (default: all)")
    names = [one.name for one in SCENARIOS]
    group.addoption("--scenario", action="append", default=[], choices=names, help="default: the usual ones")
    group.addoption(
        "--trials", type=int, default=FEWEST, help=f"server processes for each cell (default: {FEWEST}, for intervals)"
    )
    group.addoption(
        "--python", action="append", default=[], help="PROGRAM to run servers with, or all (default: this one)"
    )
    group.addoption("--results", type=Path, metavar="FILE", help="keep every trial, as upecho bench --save does")
    group.addoption("--trial-seconds", type=float, default=0.25, help="of load on each (default: 0.25)")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """Save; let "nothing was saved", where every test was skipped, be a line and no traceback."""
    unsaved = _save(session.config)
    with warnings.catch_warnings():
        warnings.simplefilter("default", PytestBenchmarkWarning)
        yield
    if unsaved:
        pytest.exit(str(unsaved), returncode=unsaved.exit_status)


def _save(config: pytest.Config) -> UpechoError | None:
    file, results = config.getoption("--results"), _results(config)
    try:
        if file and results:
            atomic_write.save(file, results.to_json())
    except UpechoError as error:
        return error
    return None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    families = _chosen(inventory.families(), metafunc.config.getoption("--family"))
    servers = _chosen(_servers(), metafunc.config.getoption("--implementation"))
    wanted = metafunc.config.getoption("--scenario") or [one.name for one in USUAL]
    scenarios = [one.name for one in SCENARIOS if one.name in wanted]
    found = metafunc.config.stash[PYTHONS]
    product = itertools.product(scenarios, families, servers, found or [""])
    metafunc.parametrize(PARAMETERS, list(itertools.starmap(_parameters, product)))


def _servers() -> list[inventory.Entry]:
    return [row for row in inventory.implementations() if not row.naive]


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


def _parameters(scenario: str, family: inventory.Entry, server: inventory.Entry, python: str) -> object:
    benchmark = pytest.mark.benchmark(group=f"{scenario} over {family.name}", timer=Clock())
    reason = server.unavailable or family.unavailable
    marks = [benchmark, pytest.mark.skip(reason=reason)] if reason else [benchmark]
    name = "-".join(filter(None, (scenario, family.name, server.name, python)))
    return pytest.param(scenario, family.name, server.name, python, id=name, marks=marks)


@pytest.fixture(scope="session")
def groups(request: pytest.FixtureRequest) -> Groups:
    return request.config.stash[GROUPS]


def pytest_collection_finish(session: pytest.Session) -> None:
    functions = [item for item in session.items if isinstance(item, pytest.Function)]
    option = session.config.getoption
    terms = Terms(
        Window(WARM_UP_SECONDS, option("--trial-seconds"), seed=0),
        Limits(option("--trials"), BUDGET_SECONDS),
        session.config.stash[PYTHONS],
    )
    session.config.stash[GROUPS] = Groups([_cell(item) for item in functions], terms)


def _cell(item: pytest.Function) -> Cell:
    return cell_of(**{name: str(item.callspec.params[name]) for name in PARAMETERS})


def _results(config: pytest.Config) -> Results | None:
    return config.stash[GROUPS].all_results() if GROUPS in config.stash else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the same trials as upecho bench does: CPU time, intervals, what is no difference."""
    results = _results(config)
    if not results:
        return
    terminalreporter.section("upecho")
    terminal = console()
    terminal.print(comparison(results, terminal.width))


@pytest.fixture
def advance(request: pytest.FixtureRequest) -> Callable[[float], None]:
    """Let seconds pass on the test's clock."""
    clock: Clock = request.node.get_closest_marker("benchmark").kwargs["timer"]
    return clock.advance


@pytest.fixture
def cell(scenario: str, family: str, implementation: str, python: str) -> Cell:
    return cell_of(scenario, family, implementation, python)


@pytest.fixture
def trials(request: pytest.FixtureRequest, groups: Groups, cell: Cell) -> tuple[Trial, ...]:
    """The trials of the test's own cell."""
    if hasattr(request.config, "workerinput"):
        pytest.skip("measurements disturb each other; run without -n")
    if reason := groups.reason(cell):
        pytest.skip(reason)
    return groups.trials(cell)
