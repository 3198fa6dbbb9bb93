"""The cells of a run together with what is needed to measure them."""

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from upecho.measure.plan.cells import BASELINE, Cell
from upecho.measure.plan.scenarios import Scenario
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.processes.running_server import RunningServer
from upecho.serving.target import Kind, Target
from upecho.support.errors import Unavailable
from upecho.support.text import plural


@dataclass(frozen=True)
class PlannedCell:
    """A cell and the objects that its parts stand for.

    Attributes:
        cell: Identity of the cell.
        target: Target, loaded.
        scenario: Load to put on the server.
        interpreter: Interpreter that runs the server; None for the one that runs upecho.
        unusable: Reason why the code of the target cannot be loaded; empty if it can.
        failed_checks: Ids of the conformance checks that the target fails over this family with this interpreter.
        running: The server, if it runs already; None if each trial starts one.
        added: Whether nobody asked for the cell. Such a cell is measured only while a requested one of its group is.
    """

    cell: Cell
    target: Target
    scenario: Scenario
    interpreter: Interpreter | None = None
    unusable: str = ""
    failed_checks: tuple[str, ...] = ()
    running: RunningServer | None = None
    added: bool = False

    @property
    def unsupported(self) -> str:
        """The reason why the target cannot serve this load, as it declares itself; empty if it can."""
        if self.cell.family not in self.target.families:
            is_command = self.target.kind is Kind.COMMAND
            return f"{'takes no address of' if is_command else 'declared not to serve'} {self.cell.family}"
        if self.cell.cold and self.target.kind is Kind.ADDRESS:
            return "a server that runs already is not cold"
        limit = self.target.max_clients
        if limit is None or limit >= self.scenario.clients:
            return ""
        return f"serves at most {plural(limit, 'client')}"

    def is_comparable(self, engine_cores: Collection[int]) -> bool:
        """Whether the CPU time of the server can be compared with that of servers which upecho starts.

        Args:
            engine_cores: Processor cores that only the load engine uses.
        """
        if self.target.kind is not Kind.ADDRESS:
            return True
        scope = self.running.scope if self.running else None
        return scope is not None and scope.cores().isdisjoint(engine_cores)


def every_cell(
    targets: Sequence[Target],
    families: Sequence[Family],
    scenarios: Sequence[Scenario],
    *,
    pythons: Mapping[str, Interpreter] | None = None,
    cold: bool = False,
) -> list[PlannedCell]:
    """Return all combinations, the cells of one group next to each other.

    Args:
        targets: Targets to measure.
        families: Socket families to measure each target over.
        scenarios: Loads to put on each target.
        pythons: Interpreters to run implementations with, keyed by name; by default, the one that runs upecho.
        cold: Whether to measure each combination cold as well as warm.
    """
    states = (False, True) if cold else (False,)
    return [
        PlannedCell(Cell(target.text, family, scenario.name, state, python), target, scenario, interpreter)
        for scenario, family, target in itertools.product(scenarios, families, targets)
        if target.kind is not Kind.ADDRESS or family in target.families
        for (python, interpreter), state in itertools.product(_interpreters(target, pythons), states)
    ]


def _interpreters(
    target: Target, pythons: Mapping[str, Interpreter] | None
) -> Iterable[tuple[str, Interpreter | None]]:
    """Return the interpreters that run a target, by version; a command brings its own program."""
    return pythons.items() if pythons and target.kind is Kind.IMPLEMENTATION else [("", None)]


def missing_baselines(cells: Sequence[PlannedCell], engine_cores: Collection[int] = ()) -> list[PlannedCell]:
    """Return the cells of the baseline that are not among these; none if it was not built.

    There is one for each group that has a server whose CPU time can be compared with that of the baseline.

    Args:
        cells: All other cells.
        engine_cores: Processor cores that only the load engine uses.
    """
    try:
        target = Target.parse(BASELINE)
    except Unavailable:
        return []
    present = {one.cell for one in cells}
    groups = {one.cell.group: one.scenario for one in cells if not one.unusable and one.is_comparable(engine_cores)}
    added = [
        PlannedCell(Cell(BASELINE, group.family, group.scenario), target, scenario, added=True)
        for group, scenario in groups.items()
    ]
    return [one for one in added if one.cell not in present]
