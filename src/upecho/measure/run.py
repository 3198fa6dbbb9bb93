"""A whole run: which cells can be measured, their trials, and the results, also when it is cut short."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from upecho.load.engine import best, engine
from upecho.load.opening import expect_descriptors
from upecho.measure import rounds
from upecho.measure.cells import BASELINE, Cell, Scenario
from upecho.measure.cores import Cores
from upecho.measure.environment import Environment
from upecho.measure.results import Results, Wanted
from upecho.measure.rounds import Limits
from upecho.measure.trials import Bench, Trial, Window
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.processes.supervisor import Supervisor
from upecho.serving import registry
from upecho.support import extension
from upecho.support.errors import Unavailable

FailedChecks = Mapping[tuple[str, Family, str], Sequence[str]]


def every_cell(
    targets: Sequence[str],
    families: Sequence[Family],
    scenarios: Sequence[Scenario],
    pythons: Iterable[str] = ("",),
    *,
    cold: bool = False,
) -> list[Cell]:
    """Return all combinations; with ``cold``, each of them warm and cold."""
    states = (False, True) if cold else (False,)
    product = itertools.product(scenarios, families, targets, pythons, states)
    return [Cell(target, family, scenario, state, python) for scenario, family, target, python, state in product]


def baselines(cells: Sequence[Cell]) -> list[Cell]:
    """Return those of the server that all others are compared with that are not among them, if it was built."""
    try:
        registry.load(BASELINE)
    except Unavailable:
        return []
    groups = dict.fromkeys((cell.scenario, cell.family) for cell in cells)
    return [one for scenario, family in groups if (one := Cell(BASELINE, family, scenario)) not in cells]


@dataclass(frozen=True)
class Terms:
    """How a run is to be made.

    Attributes:
        window: how long each trial is.
        limits: when to stop.
        pythons: interpreters of servers, by the version that cells name.
        failed_checks: for each target, family and version of Python the conformance checks that fail; None if nobody
            looked.
        even_if_failing: measure also those.
    """

    window: Window
    limits: Limits
    pythons: Mapping[str, Interpreter] = field(default_factory=dict)
    failed_checks: FailedChecks | None = None
    even_if_failing: bool = False


class Run:
    """Measures cells and keeps what has been measured so far.

    Attributes:
        cells: those that are measured; the others have a reason in the results.
        terms: how.
    """

    def __init__(self, wanted: Sequence[Cell], terms: Terms, beside: Sequence[Cell] = ()) -> None:
        """Sort out what cannot be measured.

        Args:
            wanted: the cells asked for.
            terms: how they are to be measured.
            beside: further cells, each as long as one that was asked for is measured that can be compared with it.

        Raises:
            Unavailable: there is no such engine here, or it cannot put such a load on a server.
        """
        expect_able(terms.window.engine, (cell.scenario for cell in wanted))
        self.terms = terms
        self._cores = Cores.divided()
        self._environment = Environment.here(self._cores, (cell.target.partition("+")[2] for cell in wanted))
        self._scenarios = tuple(dict.fromkeys(cell.scenario for cell in wanted))
        notes = {cell: _note(cell, terms) for cell in (*wanted, *beside)}
        groups = {cell.name.group for cell in wanted if _is_measurable(notes[cell], terms)}
        self._beside = frozenset(beside)
        self._wanted = {
            cell: note for cell, note in notes.items() if cell not in self._beside or cell.name.group in groups
        }
        self.cells = [cell for cell, note in self._wanted.items() if _is_measurable(note, terms)]
        self._trials: list[Trial] = []

    def least_trials(self) -> int:
        """Return how many trials there will be, if nothing fails and they are precise enough as soon as can be."""
        limits = self.terms.limits
        groups = {cell.name.group for cell in self.cells}
        return (len(self.cells) + len(groups) * limits.copies) * min(limits.fewest, limits.rounds)

    def measure(self, before: Callable[[Cell, int], None]) -> Iterator[Trial]:
        """Measure all cells; yield each trial when it is done.

        Args:
            before: told of each trial before it begins: its cell and its round.

        Raises:
            CallerError: a server refused its order.
            HarnessError: the load engine, or the machine, failed.
        """
        if not self.cells:
            return
        terms = self.terms
        with Supervisor() as supervisor:
            bench = Bench(supervisor, self._cores, terms.window, terms.pythons)
            for trial in rounds.measure(
                bench, self.cells, terms.limits, terms.window.seed, before, beside=self._beside
            ):
                self._trials.append(trial)
                yield trial

    def results(self) -> Results:
        """Return what has been measured so far."""
        return Results(
            environment=self._environment,
            window=self.terms.window,
            limits=self.terms.limits,
            checked=self.terms.failed_checks is not None,
            scenarios=self._scenarios,
            wanted=tuple(self._wanted.values()),
            trials=tuple(self._trials),
            pythons={name: python.version for name, python in self.terms.pythons.items()},
        )


def _note(cell: Cell, terms: Terms) -> Wanted:
    return Wanted.of(
        cell,
        unsupported=cell.unsupported(registry.load(cell.target).max_clients),
        failed_checks=(terms.failed_checks or {}).get((cell.target, cell.family, cell.python), ()),
    )


def _is_measurable(note: Wanted, terms: Terms) -> bool:
    return not note.unsupported and (terms.even_if_failing or not note.failed_checks)


def expect_able(name: str, scenarios: Iterable[Scenario]) -> None:
    """Make sure that there is such a load engine, that it knows these loads, and that the system allows them.

    Raises:
        Unavailable: there is no such engine, or it does not know them.
        HarnessError: a process may not have as many connections here.
    """
    engine(name)
    wanted = list(scenarios)
    expect_descriptors(max((scenario.connections + scenario.idle for scenario in wanted), default=0))
    demands = [scenario.demands for scenario in wanted if scenario.demands]
    if demands and name != "native":
        why = "" if best() == "native" else f"; {extension.REASON}; {extension.HINT}"
        raise Unavailable(f"the load engine {name!r} knows no {demands[0]}, only the native one does{why}")
