"""A whole run: which cells can be measured, their blocks, and the results, also when it is cut short."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from upecho import registry
from upecho.address import Family
from upecho.measure import rounds
from upecho.measure.blocks import Bench, Block, Window
from upecho.measure.cells import Cell, Scenario
from upecho.measure.cores import Cores
from upecho.measure.environment import Environment
from upecho.measure.results import Results, Wanted
from upecho.measure.rounds import Limits
from upecho.process import Supervisor

FailedChecks = Mapping[tuple[str, Family], Sequence[str]]


def every_cell(targets: Sequence[str], families: Sequence[Family], scenarios: Sequence[Scenario]) -> list[Cell]:
    """Return all combinations."""
    return [Cell(target, family, scenario) for scenario in scenarios for family in families for target in targets]


class Run:
    """Measures cells and keeps what has been measured so far.

    Attributes:
        cells: those that are measured; the others have a reason in the results.
        limits: when to stop.
    """

    def __init__(
        self,
        wanted: Sequence[Cell],
        window: Window,
        limits: Limits,
        failed_checks: FailedChecks | None = None,
        *,
        even_if_failing: bool = False,
    ) -> None:
        """Sort out what cannot be measured.

        Args:
            wanted: the cells asked for.
            window: how long each block is.
            limits: when to stop.
            failed_checks: for each target and family the conformance checks it fails; None if nobody looked.
            even_if_failing: measure also those.
        """
        self._window = window
        self.limits = limits
        self._checked = failed_checks is not None
        self._cores = Cores.divided()
        self._environment = Environment.here(self._cores, (cell.target.partition("+")[2] for cell in wanted))
        self._scenarios = tuple(dict.fromkeys(cell.scenario for cell in wanted))
        most_clients = {cell.target: registry.load(cell.target).max_clients for cell in wanted}
        self._wanted = {
            cell: Wanted.of(
                cell,
                unsupported=cell.unsupported(most_clients[cell.target]),
                failed_checks=(failed_checks or {}).get((cell.target, cell.family), ()),
            )
            for cell in wanted
        }
        self.cells = [
            cell
            for cell, note in self._wanted.items()
            if not note.unsupported and (even_if_failing or not note.failed_checks)
        ]
        self._blocks: list[Block] = []

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
        with Supervisor() as supervisor:
            bench = Bench(supervisor, self._cores, self._window)
            for block in rounds.measure(bench, self.cells, self.limits, self._window.seed, before):
                self._blocks.append(block)
                yield block

    def results(self) -> Results:
        """Return what has been measured so far."""
        return Results(
            environment=self._environment,
            window=self._window,
            limits=self.limits,
            checked=self._checked,
            scenarios=self._scenarios,
            wanted=tuple(self._wanted.values()),
            blocks=tuple(self._blocks),
        )
