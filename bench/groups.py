"""What is compared with each other is measured together, when the first of its tests runs."""

import dataclasses
from collections.abc import Sequence

from upecho.measure import pythons
from upecho.measure.cells import SCENARIOS, Cell
from upecho.measure.results import Results
from upecho.measure.run import Run, Terms
from upecho.measure.trials import Trial
from upecho.net.address import Family

Group = tuple[str, str]


def cell_of(scenario: str, family: str, implementation: str, python: str) -> Cell:
    """Return the cell that a test stands for."""
    load = next(one for one in SCENARIOS if one.name == scenario)
    return Cell(implementation, Family(family), load, python=python)


class Groups:
    """The cells of the selected tests, and what was measured of them so far."""

    def __init__(self, cells: Sequence[Cell], terms: Terms) -> None:
        self._terms = terms
        self._unable = pythons.unable(terms.pythons, cells)
        self._cells = [one for one in cells if one not in self._unable]
        self._measured: dict[Group, Results] = {}

    def reason(self, wanted: Cell) -> str:
        """Say why a cell is not measured; empty if it is."""
        if wanted in self._unable:
            return f"left out: {self._unable[wanted]}"
        note = next(one for one in self._results(wanted).wanted if one.name == wanted.name)
        return note.unsupported and f"unsupported: {note.unsupported}"

    def trials(self, wanted: Cell) -> tuple[Trial, ...]:
        """Return the trials of a cell."""
        return tuple(trial for trial in self._results(wanted).trials if trial.name == wanted.name)

    def all_results(self) -> Results | None:
        """Return all that was measured, as if in one run; None if nothing was."""
        if not self._measured:
            return None
        first, *_ = runs = self._measured.values()
        return dataclasses.replace(
            first,
            scenarios=tuple(dict.fromkeys(scenario for run in runs for scenario in run.scenarios)),
            wanted=tuple(note for run in runs for note in run.wanted),
            trials=tuple(trial for run in runs for trial in run.trials),
        )

    def _results(self, wanted: Cell) -> Results:
        group = wanted.name.group
        if group not in self._measured:
            run = Run([one for one in self._cells if one.name.group == group], self._terms)
            for _ in run.measure(lambda _cell, _round: None):
                pass
            self._measured[group] = run.results()
        return self._measured[group]
