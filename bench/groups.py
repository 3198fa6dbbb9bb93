"""Measures the cells of a group together, when the first test of the group runs."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from upecho.measure.plan import pythons
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.plan.cells import Group
from upecho.measure.plan.settings import RunSettings
from upecho.measure.results import Results
from upecho.measure.run import Run
from upecho.measure.trials import Trial


class Groups:
    """The cells of the selected tests, and the results of the groups measured so far."""

    def __init__(self, cells: Sequence[PlannedCell], settings: RunSettings) -> None:
        self._settings = settings
        self._unable = pythons.unloadable(cells)
        self._cells = [one for one in cells if one not in self._unable]
        self._measured: dict[Group, Results] = {}

    def skip_reason(self, planned: PlannedCell) -> str:
        """Return why a cell is not measured although nothing is wrong with its target; empty if it is measured."""
        if planned in self._unable:
            return f"skipped: {self._unable[planned]}"
        return planned.unsupported and f"unsupported: {planned.unsupported}"

    def trials(self, planned: PlannedCell) -> tuple[Trial, ...]:
        """Return the trials of a cell; measure its group if that has not been done."""
        group = planned.cell.group
        if group not in self._measured:
            self._measured[group] = self._measure(group)
        return tuple(trial for trial in self._measured[group].trials if trial.cell == planned.cell)

    def all_results(self) -> Results | None:
        """Return everything that was measured as one run; None if nothing was."""
        if not self._measured:
            return None
        first, *_ = runs = self._measured.values()
        return dataclasses.replace(
            first,
            scenarios=tuple(dict.fromkeys(scenario for run in runs for scenario in run.scenarios)),
            requested=tuple(request for run in runs for request in run.requested),
            trials=tuple(trial for run in runs for trial in run.trials),
            packages=_merged(run.packages for run in runs),
            complete=all(run.complete for run in runs),
        )

    def _measure(self, group: Group) -> Results:
        run = Run([one for one in self._cells if one.cell.group == group], self._settings)
        for _ in run.measure(lambda _cell, _round: None):
            pass
        return run.results()


def _merged(runs: Iterable[Mapping[str, Mapping[str, str]]]) -> dict[str, dict[str, str]]:
    """Return the versions of the packages of several runs, for each Python."""
    found: dict[str, dict[str, str]] = {}
    for run in runs:
        for python, packages in run.items():
            found.setdefault(python, {}).update(packages)
    return found
