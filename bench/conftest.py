"""Turns cells into benchmarks: those of a group are measured interleaved, when the first test of the group runs."""

import functools
import itertools
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.logger import PytestBenchmarkWarning
from pytest_benchmark.session import PerformanceRegression

from bench import options
from bench.groups import Groups
from upecho.cli.console import console
from upecho.conformance.run import preconditions
from upecho.load.engine import best
from upecho.measure.plan import pythons
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.plan.cells import Cell
from upecho.measure.plan.scenarios import DEFAULT_SCENARIOS, SCENARIOS, Scenario
from upecho.measure.plan.settings import Limits, RunSettings, Window
from upecho.measure.results import Results
from upecho.measure.statistics.claims import MIN_ROUNDS
from upecho.measure.statistics.summary import Summary
from upecho.measure.trials import Trial
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.report.benchmark.comparison import comparison
from upecho.serving import inventory, registry
from upecho.serving.target import Target
from upecho.support import atomic_write
from upecho.support.errors import TargetError, UpechoError

WARM_UP_SECONDS = 0.05
BUDGET_SECONDS = 86_400.0  # so long that the number of trials decides
PYTHONS = pytest.StashKey[Mapping[str, Interpreter]]()
GROUPS = pytest.StashKey[Groups]()
REGRESSED = pytest.StashKey[bool]()
PARAMETERS = ("scenario", "family", "implementation", "python")  # pytest-benchmark can group by these


class Clock:
    """Replaces pytest-benchmark's timer, and replays the times of trials that were measured before."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self._seconds

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self._seconds += seconds

    def __repr__(self) -> str:
        return "seconds per request, trial after trial"


def pytest_configure(config: pytest.Config) -> None:
    try:
        options.expect_supported(config, PARAMETERS)
        config.stash[PYTHONS] = pythons.named(config.getoption("--python"))
        if file := config.getoption("--results"):
            atomic_write.check(file)
    except UpechoError as error:
        raise pytest.UsageError(str(error)) from None
    config.addinivalue_line("markers", "cell(planned): the cell that a test shows")
    config.addinivalue_line("markers", "timeout(seconds): defined by pytest-timeout, if that is installed")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("upecho")
    names = [one.name for one in SCENARIOS]
    group.addoption(
        "--family", action="append", default=[], choices=list(Family), help="(default: every available one)"
    )
    group.addoption("--implementation", action="append", default=[], help="NAME or NAME+LOOP (default: all)")
    group.addoption(
        "--scenario", action="append", default=[], choices=names, help="(default: latency, throughput, bulk)"
    )
    group.addoption("--trials", type=int, default=MIN_ROUNDS, help="trials of each cell (default: %(default)s)")
    group.addoption("--trial-seconds", type=float, default=0.25, help="duration of a trial (default: %(default)s)")
    group.addoption(
        "--python", action="append", default=[], help="PROGRAM that runs the servers, or all (default: this)"
    )
    group.addoption("--results", type=Path, metavar="FILE", help="save every trial, as upecho bench --save does")


def pytest_sessionstart(session: pytest.Session) -> None:
    options.expect_baseline(session.config)


@pytest.hookimpl(wrapper=True)
def pytest_benchmark_compare_machine_info() -> Generator[None]:
    """Warn of a baseline from another machine also where pytest-benchmark cannot say where the storage is."""
    try:
        yield
    except ValueError:  # the storage is outside of the current directory
        warnings.warn(PytestBenchmarkWarning("the baseline was measured on another machine"), stacklevel=1)


def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    """Leave out the momentary frequency: with it, a machine would differ from itself."""
    for name in ("hz_actual", "hz_actual_friendly"):
        machine_info["cpu"].pop(name, None)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """Save the results, and let a regression fail the run."""
    error = _save(session.config)
    yield
    if error:
        pytest.exit(str(error), returncode=error.exit_status)
    if REGRESSED in session.config.stash and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _save(config: pytest.Config) -> UpechoError | None:
    """Save the results if that was requested; return the error if it failed."""
    file, results = config.getoption("--results"), _results(config)
    try:
        if file and results:
            atomic_write.save(file, results.to_json())
    except UpechoError as error:
        return error
    return None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    config = metafunc.config
    names = config.getoption("--scenario") or [one.name for one in DEFAULT_SCENARIOS]
    scenarios = [one for one in SCENARIOS if one.name in names]
    families = _families(config.getoption("--family"))
    named = config.getoption("--implementation")
    found = preconditions.tried(named or [row.name for row in registry.registrations() if row.is_installed])
    targets = list(_targets(named, found))
    interpreters: Iterable[tuple[str, Interpreter | None]] = config.stash[PYTHONS].items() or [("", None)]
    product = itertools.product(scenarios, families, targets, interpreters)
    metafunc.parametrize(PARAMETERS, [_parameters(*values, reasons=found.unusable) for values in product])


def _families(names: Sequence[str]) -> list[Family]:
    return [Family(name) for name in dict.fromkeys(names)] or list(Family)


def _targets(names: Sequence[str], found: preconditions.Tried) -> Iterator[Target | inventory.Entry]:
    """Yield the targets that were named, or else all servers; an entry stands for one that is unavailable here.

    A framework that is not installed is left out unless it was named.
    """
    rows = {row.name: row for row in inventory.implementations(found.unusable) if not row.naive}
    default = [name for name in rows if name not in inventory.not_installed()]
    for name in dict.fromkeys(names or [*default, *found.unusable]):
        if name in found.unusable:
            yield Target.implementation(name)
            continue
        if name in rows and rows[name].unavailable:
            yield rows[name]
            continue
        try:
            yield Target.parse(name, declared=found.declared.get(name))
        except UpechoError as error:
            raise pytest.UsageError(str(error)) from None


def _parameters(
    scenario: Scenario,
    family: Family,
    target: Target | inventory.Entry,
    python: tuple[str, Interpreter | None],
    *,
    reasons: Mapping[str, str],
) -> object:
    version, interpreter = python
    name = target.text if isinstance(target, Target) else target.name
    marks = [pytest.mark.benchmark(group=f"{scenario.name} over {family}", timer=Clock())]
    if not isinstance(target, Target):
        marks.append(pytest.mark.skip(reason=target.unavailable or ""))
    elif reason := _why_unavailable(family):
        marks.append(pytest.mark.skip(reason=reason))
    else:
        cell = Cell(name, family, scenario.name, python=version)
        marks.append(pytest.mark.cell(PlannedCell(cell, target, scenario, interpreter, unusable=reasons.get(name, ""))))
    test_id = "-".join(filter(None, (scenario.name, family, name, version)))
    return pytest.param(scenario.name, family.value, name, version, id=test_id, marks=marks)


@functools.cache
def _why_unavailable(family: Family) -> str:
    try:
        family.require()
    except UpechoError as error:
        return str(error)
    return ""


def pytest_collection_finish(session: pytest.Session) -> None:
    option = session.config.getoption
    settings = RunSettings(
        Window(WARM_UP_SECONDS, option("--trial-seconds"), seed=0, engine=best()),
        Limits(option("--trials"), BUDGET_SECONDS),
    )
    markers = [item.get_closest_marker("cell") for item in session.items]
    session.config.stash[GROUPS] = Groups([marker.args[0] for marker in markers if marker], settings)


def _results(config: pytest.Config) -> Results | None:
    return config.stash[GROUPS].all_results() if GROUPS in config.stash else None


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> Generator[None]:
    """Report the same trials as ``upecho bench`` would: CPU time, intervals, and which differences are none."""
    results = _results(config)
    if results:
        _report(terminalreporter, results)
    try:
        yield
    except PerformanceRegression:  # pytest-benchmark has said which
        config.stash[REGRESSED] = True


def _report(terminalreporter: pytest.TerminalReporter, results: Results) -> None:
    terminalreporter.section("upecho")
    terminal = console()
    terminal.print(comparison(Summary.of(results), terminal.width))


@pytest.fixture
def advance(request: pytest.FixtureRequest) -> Callable[[float], None]:
    """Move the clock of the test forward by a number of seconds."""
    clock: Clock = request.node.get_closest_marker("benchmark").kwargs["timer"]
    return clock.advance


@pytest.fixture
def trials(
    request: pytest.FixtureRequest,
    scenario: str,  # noqa: ARG001 (the parameters name the cell for pytest-benchmark; its marker has the cell itself)
    family: str,  # noqa: ARG001
    implementation: str,  # noqa: ARG001
    python: str,  # noqa: ARG001
) -> Sequence[Trial]:
    """The trials of the test's cell."""
    if hasattr(request.config, "workerinput"):
        pytest.skip("measurements disturb each other; run without -n")
    groups, planned = request.config.stash[GROUPS], request.node.get_closest_marker("cell").args[0]
    if planned.unusable:
        raise TargetError(f"unusable: {planned.unusable}")
    if reason := groups.skip_reason(planned):
        pytest.skip(reason)
    return groups.trials(planned)
