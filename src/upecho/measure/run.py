"""A whole run: its cells, their trials, and the results, also of a run that was interrupted."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from upecho.load.engine import best, engine
from upecho.load.opening import expect_descriptors
from upecho.measure import ab_rounds, rounds
from upecho.measure.count_runner import trial_runner
from upecho.measure.environment import Environment
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.plan.cells import Cell
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.plan.settings import RunSettings
from upecho.measure.results import RequestedCell, Results, Running
from upecho.measure.trials import Trial
from upecho.processes.interpreter import Interpreter
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Kind
from upecho.serving.versions import versions
from upecho.support import extension
from upecho.support.errors import Unavailable


class Run:
    """Measures cells and keeps the trials measured so far.

    Attributes:
        settings: How the run is made.
        cells: Cells that are measured; the results say why the others are not.
    """

    def __init__(self, planned: Sequence[PlannedCell], settings: RunSettings) -> None:
        """Determine which cells can be measured.

        Raises:
            Unavailable: The load engine was not built here, or cannot produce such a load.
            HarnessError: The system does not allow a process that many connections.
        """
        self.settings = settings
        expect_engine_supports(settings.window.engine, (one.scenario for one in planned))
        measurable = [one for one in planned if self._is_measurable(one)]
        groups = {one.cell.group for one in measurable if not one.added}
        self.cells = [one for one in measurable if one.cell.group in groups]
        self._planned = [one for one in planned if not one.added or one.cell.group in groups]
        self._environment = Environment.here(settings.cores)
        self._packages = _packages(self._planned)
        self._trials: list[Trial] = []
        self._is_complete = False

    def min_trials(self) -> int:
        """Return the number of trials if nothing fails and the precision is reached as early as possible."""
        limits = self.settings.limits
        groups = {one.cell.group for one in self.cells}
        return (len(self.cells) + len(groups) * limits.copies) * min(limits.min_rounds, limits.rounds)

    def measure(self, on_start: Callable[[Cell, int], None]) -> Iterator[Trial]:
        """Measure all cells; yield each trial when it is done.

        Args:
            on_start: Called before each trial with its cell and the number of its round.

        Raises:
            CallerError: A server rejected its settings.
            HarnessError: The load engine or the machine failed.
        """
        if self.cells:
            yield from self._measure(on_start)
        self._is_complete = True

    def _measure(self, on_start: Callable[[Cell, int], None]) -> Iterator[Trial]:
        with Supervisor() as supervisor:
            runner = trial_runner(supervisor, self.settings)
            measured = ab_rounds.measure if self.settings.ab_test else rounds.measure
            for trial in measured(runner, self.cells, self.settings, on_start=on_start):
                self._trials.append(trial)
                yield trial

    def results(self) -> Results:
        """Return what has been measured so far."""
        return Results(
            environment=self._environment,
            window=self.settings.window,
            limits=self.settings.limits,
            checked=self.settings.checked,
            scenarios=tuple(dict.fromkeys(one.scenario for one in self._planned)),
            requested=tuple(map(_requested, self._planned)),
            trials=tuple(self._trials),
            pythons={one.cell.python: one.interpreter.version for one in self._planned if one.interpreter},
            packages=self._packages,
            reference=self.settings.reference,
            complete=self._is_complete,
            max_clients=self.settings.max_clients,
            quickly_checked=self.settings.quickly_checked,
            counting=self.settings.counting,
            ab_test=self.settings.ab_test,
        )

    def _is_measurable(self, planned: PlannedCell) -> bool:
        return not (planned.unsupported or planned.unusable) and (
            self.settings.even_if_failing or not planned.failed_checks
        )


def _requested(planned: PlannedCell) -> RequestedCell:
    server = planned.running
    running = Running(server.pids, server.group) if server else None
    return RequestedCell(planned.cell, planned.unsupported, planned.failed_checks, planned.unusable, running=running)


def _packages(planned: Iterable[PlannedCell]) -> dict[str, dict[str, str]]:
    """Return the versions of the packages of all targets, for each Python of a run that has any."""
    targets: dict[tuple[str, Interpreter | None], set[str]] = {}
    for one in planned:
        if one.target.kind is not Kind.IMPLEMENTATION:
            continue
        targets.setdefault((one.cell.python, one.interpreter), set()).add(one.cell.target)
    found = {
        python: interpreter.versions(texts) if interpreter else versions(texts)
        for (python, interpreter), texts in targets.items()
    }
    return {python: packages for python, packages in found.items() if packages}


def expect_engine_supports(name: str, scenarios: Iterable[Scenario]) -> None:
    """Make sure that a load engine exists and can produce these loads, and that the system allows them.

    Raises:
        Unavailable: The engine was not built here, or lacks a feature.
        HarnessError: The system does not allow a process that many connections.
    """
    engine(name)
    loads = list(scenarios)
    expect_descriptors(max((scenario.clients for scenario in loads), default=0))
    features = [scenario.engine_feature for scenario in loads if scenario.engine_feature]
    if features and name != "native":
        hint = "use --engine native" if best() == "native" else f"{extension.REASON}; {extension.HINT}"
        raise Unavailable(f"only the native load engine supports {features[0]}, not {name!r}", hint=hint)
