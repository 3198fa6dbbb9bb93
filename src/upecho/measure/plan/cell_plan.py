"""The cells of a run together with what is needed to measure them."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from upecho.measure.plan.cells import BASELINE, Cell
from upecho.measure.plan.scenarios import Scenario
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
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
        added: Whether nobody asked for the cell. Such a cell is measured only while a requested one of its group is.
    """

    cell: Cell
    target: Target
    scenario: Scenario
    interpreter: Interpreter | None = None
    unusable: str = ""
    failed_checks: tuple[str, ...] = ()
    added: bool = False

    @property
    def unsupported(self) -> str:
        """The reason why the target cannot serve this load, as it declares itself; empty if it can."""
        if self.cell.family not in self.target.families:
            is_command = self.target.kind is Kind.COMMAND
            return f"{'takes no address of' if is_command else 'declared not to serve'} {self.cell.family}"
        limit = self.target.max_clients
        if limit is None or limit >= self.scenario.clients:
            return ""
        return f"serves at most {plural(limit, 'client')}"


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
        for (python, interpreter), state in itertools.product(_interpreters(target, pythons), states)
    ]


def _interpreters(
    target: Target, pythons: Mapping[str, Interpreter] | None
) -> Iterable[tuple[str, Interpreter | None]]:
    """Return the interpreters that run a target, by version; a command brings its own program."""
    return pythons.items() if pythons and target.kind is Kind.IMPLEMENTATION else [("", None)]


def missing_baselines(cells: Sequence[PlannedCell]) -> list[PlannedCell]:
    """Return the cells of the baseline that are not among these, one for each group; none if it was not built."""
    try:
        target = Target.parse(BASELINE)
    except Unavailable:
        return []
    present = {one.cell for one in cells}
    groups = {one.cell.group: one.scenario for one in cells if not one.unusable}
    added = [
        PlannedCell(Cell(BASELINE, group.family, group.scenario), target, scenario, added=True)
        for group, scenario in groups.items()
    ]
    return [one for one in added if one.cell not in present]
