"""A whole run: which cells can be measured, their blocks, and the results, also when it is cut short."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from upecho import extension, registry
from upecho.address import Family
from upecho.errors import Unavailable
from upecho.interpreter import Interpreter
from upecho.load.engine import best, engine
from upecho.load.opening import expect_descriptors
from upecho.measure import rounds
from upecho.measure.blocks import Bench, Block, Window
from upecho.measure.cells import CEILING, Cell, Scenario
from upecho.measure.cores import Cores
from upecho.measure.environment import Environment
from upecho.measure.results import Results, Wanted
from upecho.measure.rounds import Limits
from upecho.process import Supervisor

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


def with_ceiling(cells: Sequence[Cell]) -> list[Cell]:
    """Add the server that all others are compared with, where it is not among them and was built."""
    try:
        registry.load(CEILING)
    except Unavailable:
        return list(cells)
    groups = dict.fromkeys((cell.scenario, cell.family) for cell in cells)
    return list(dict.fromkeys([*cells, *(Cell(CEILING, family, scenario) for scenario, family in groups)]))


@dataclass(frozen=True)
class Terms:
    """How a run is to be made.

    Attributes:
        window: how long each block is.
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

    def __init__(self, wanted: Sequence[Cell], terms: Terms) -> None:
        """Sort out what cannot be measured.

        Args:
            wanted: the cells asked for.
            terms: how they are to be measured.

        Raises:
            Unavailable: there is no such engine here, or it cannot put such a load on a server.
        """
        expect_able(terms.window.engine, (cell.scenario for cell in wanted))
        self.terms = terms
        self._cores = Cores.divided()
        self._environment = Environment.here(self._cores, (cell.target.partition("+")[2] for cell in wanted))
        self._scenarios = tuple(dict.fromkeys(cell.scenario for cell in wanted))
        most_clients = {cell.target: registry.load(cell.target).max_clients for cell in wanted}
        failed_checks = terms.failed_checks or {}
        self._wanted = {
            cell: Wanted.of(
                cell,
                unsupported=cell.unsupported(most_clients[cell.target]),
                failed_checks=failed_checks.get((cell.target, cell.family, cell.python), ()),
            )
            for cell in wanted
        }
        self.cells = [
            cell
            for cell, note in self._wanted.items()
            if not note.unsupported and (terms.even_if_failing or not note.failed_checks)
        ]
        self._blocks: list[Block] = []

    def least_blocks(self) -> int:
        """Return how many blocks there will be, if nothing fails and they are precise enough as soon as can be."""
        limits = self.terms.limits
        groups = {cell.name.group for cell in self.cells}
        return (len(self.cells) + len(groups) * limits.copies) * min(limits.fewest, limits.rounds)

    def measure(self, before: Callable[[Cell, int], None]) -> Iterator[Block]:
        """Measure all cells; yield each block when it is done.

        Args:
            before: told of each block before it begins: its cell and its round.

        Raises:
            CallerError: a server refused its order.
            HarnessError: the load engine, or the machine, failed.
        """
        if not self.cells:
            return
        terms = self.terms
        with Supervisor() as supervisor:
            bench = Bench(supervisor, self._cores, terms.window, terms.pythons)
            for block in rounds.measure(bench, self.cells, terms.limits, terms.window.seed, before):
                self._blocks.append(block)
                yield block

    def results(self) -> Results:
        """Return what has been measured so far."""
        return Results(
            environment=self._environment,
            window=self.terms.window,
            limits=self.terms.limits,
            checked=self.terms.failed_checks is not None,
            scenarios=self._scenarios,
            wanted=tuple(self._wanted.values()),
            blocks=tuple(self._blocks),
            pythons={name: python.version for name, python in self.terms.pythons.items()},
        )


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
        why = "" if best() == "native" else f"; {extension.REASON}"
        raise Unavailable(f"the load engine {name!r} knows no {demands[0]}, only the native one does{why}")
