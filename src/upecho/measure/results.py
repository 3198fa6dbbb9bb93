"""The results of a run, and the file that keeps them."""

import json
from collections.abc import Container, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from upecho.measure.environment import Environment
from upecho.measure.plan.ab_test import ABTest
from upecho.measure.plan.cells import Cell, Reference, on_python
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.plan.settings import Counting, Limits, Window
from upecho.measure.ranges import first_impossible
from upecho.measure.trials import Trial
from upecho.support import json_document
from upecho.support.decoding import ADDED_LATER, build
from upecho.support.errors import CallerError
from upecho.support.text import unknown_name

FORMAT = json_document.Format(
    name="results file",
    schema="upecho-results",
    version=6,
    writer="upecho bench --save",
    again="measure again with upecho bench --save",
)


@dataclass(frozen=True)
class Running:
    """How a server is observed that ran already, so that all its trials are of the same processes.

    Attributes:
        pids: Ids of the processes whose use was measured, with that of everything that descends from them.
        group: Directory of the control group whose use was measured; empty if there was none. Without a process and a
            control group, the CPU time of the server is unknown.
    """

    pids: tuple[int, ...] = ()
    group: str = ""


@dataclass(frozen=True)
class RequestedCell:
    """A cell that the run was to measure.

    Attributes:
        cell: Identity of the cell.
        unsupported: Reason why the target cannot serve this load, as it declares itself; empty if it can.
        failed_checks: Ids of the conformance checks that the target fails over this family.
        unusable: Reason why the code of the target cannot be loaded; empty if it can.
        running: How the server was observed, if it ran already; null if each trial started one.
    """

    cell: Cell
    unsupported: str = ""
    failed_checks: tuple[str, ...] = ()
    unusable: str = ""
    running: Running | None = field(default=None, metadata={ADDED_LATER: True})


@dataclass(frozen=True)
class Results:
    """A run, complete or interrupted.

    Attributes:
        environment: Machine, system and versions that the run was made with.
        window: How each server was loaded in a trial.
        limits: When the run was to stop.
        checked: Whether conformance was checked before the first trial.
        scenarios: Loads that were put on the servers.
        requested: Cells that the run was to measure, in the order of the request.
        trials: Trials, in the order in which they were measured.
        pythons: Full versions of the interpreters that ran the servers, keyed by the name that cells use.
        packages: Versions of the packages that provide the servers, their event loops and frameworks, keyed by package,
            for each interpreter that cells name; those of the interpreter that runs upecho have an empty key.
        reference: What reports show ratios relative to; the baseline in a group in which it has no figures, or else the
            cheapest server.
        complete: Whether the run came to its end; false if it was interrupted or failed.
        max_clients: Number of clients that targets were said to serve at the same time; null for no limit.
        quickly_checked: Whether the conformance checks that take long were left out.
        counting: How the instructions of the servers were counted; null for a run that measures time.
        ab_test: What an A/B test asked; null for any other run.
    """

    environment: Environment
    window: Window
    limits: Limits
    checked: bool
    scenarios: tuple[Scenario, ...]
    requested: tuple[RequestedCell, ...]
    trials: tuple[Trial, ...]
    pythons: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reference: Reference = field(default_factory=Reference)
    complete: bool = True
    max_clients: int | None = field(default=None, metadata={ADDED_LATER: True})
    quickly_checked: bool = field(default=False, metadata={ADDED_LATER: True})
    counting: Counting | None = field(default=None, metadata={ADDED_LATER: True})
    ab_test: ABTest | None = field(default=None, metadata={ADDED_LATER: True})

    @property
    def rounds(self) -> int:
        """The number of rounds that were started."""
        return max((trial.round for trial in self.trials), default=0)

    def python(self, name: str) -> str:
        """Return what reports call the interpreter that cells call by a name: its version, and the name if it adds any.

        Args:
            name: The name; empty for the interpreter that runs upecho.
        """
        version = self.pythons.get(name, name) or self.environment.python
        return version if name in ("", version.removeprefix("CPython ")) else f"{version} ({name})"

    def relative_to(self, text: str) -> Self:
        """Return the same run with another reference: a target of the run.

        Args:
            text: The target, on the first Python that the run names with it, or ``TARGET@PYTHON``.

        Raises:
            CallerError: The run has no such target.
        """
        target, python = on_python(text, self.pythons)
        for one in self.requested:
            if one.cell.target == target and not one.cell.cold and python in ("", one.cell.python):
                return replace(self, reference=Reference(target, one.cell.python))
        known = dict.fromkeys(one.cell.target for one in self.requested)
        raise CallerError(unknown_name("target", text, known), subject="not in this run")

    def expect_timed(self, use: str) -> None:
        """Make sure that the run measures time.

        Args:
            use: What needs that, as the beginning of a sentence.

        Raises:
            CallerError: It counts instructions.
        """
        if self.counting:
            raise CallerError(f"{use} takes a run that measures time", subject="this run counts instructions")

    def to_json(self) -> str:
        """Return the results as JSON."""
        return json.dumps(FORMAT.head | asdict(self), allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what ``to_json`` wrote.

        Raises:
            CallerError: The text is something else, of another version, or incomplete.
        """
        return cls.from_document(json_document.parse(text, FORMAT.name))

    @classmethod
    def from_document(cls, document: Any) -> Self:
        """Read what ``to_json`` wrote, after it was read as JSON.

        Raises:
            CallerError: The document is something else, of another version, or incomplete.
        """
        fields = FORMAT.content(document)
        try:
            results = build(cls, fields)
        except ValueError as error:
            raise FORMAT.invalid(str(error)) from None
        if impossible := first_impossible(fields):
            raise FORMAT.invalid(impossible)
        results.expect_consistent()
        return results

    def expect_consistent(self) -> None:
        """Make sure that the parts belong together.

        Raises:
            CallerError: No run can have produced them.
        """
        if contradiction := next(self._contradictions(), ""):
            raise FORMAT.invalid(contradiction)

    def _contradictions(self) -> Iterator[str]:
        """Yield what no run can have produced."""
        known, requested = {one.name for one in self.scenarios}, {one.cell for one in self.requested}
        if len(known) < len(self.scenarios):
            yield "two scenarios have the same name"
        if len(requested) < len(self.requested):
            yield "one cell was requested twice"
        for number, scenario in enumerate(self.scenarios):
            if scenario.curve and scenario.share is None:
                yield f"scenarios[{number}] is a point of a latency curve, but has no share"
            if scenario.ladder and scenario.share is not None:
                yield f"scenarios[{number}] is a step of a size ladder, but has a share"
        for cell in (one.cell for part in (self.requested, self.trials) for one in part):
            if cell.scenario not in known:
                yield f"the scenario {cell.scenario!r} is not described"
        sides = [cell for pair in self.ab_test.pairs for cell in (pair.base, pair.new)] if self.ab_test else []
        if any(cell not in requested for cell in sides):
            yield "the A/B test is about a cell that was not requested"
        for number, trial in enumerate(self.trials):
            yield from (f"trials[{number}] {contradiction}" for contradiction in self._of_trial(trial, requested))

    def _of_trial(self, trial: Trial, requested: Container[Cell]) -> Iterator[str]:
        """Yield what a trial of a run that measures some cells cannot contain."""
        if contradiction := trial.contradiction():
            yield contradiction
        if trial.cell not in requested:
            yield "is about a cell that was not requested"
        if trial.is_valid and bool(trial.count) != bool(self.counting):
            yield "has a count, but the run measures time" if trial.count else "has no count, but the run counts"
        if trial.load and trial.load.engine != self.window.engine:
            yield f"was loaded by the engine {trial.load.engine}, but the engine of the run is {self.window.engine}"


def read_results(path: Path) -> Results:
    """Read a results file.

    Raises:
        CallerError: The file does not exist, is something else, of another version, incomplete, without end, or a pipe
            that nobody writes to.
    """
    with json_document.naming(path, json_document.written_by(FORMAT.writer)):
        return Results.from_document(json_document.read(path, FORMAT.name))
