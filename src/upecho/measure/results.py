"""The results of a run: what was wanted, every trial that was measured, and the file all that is kept in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from upecho.measure.cells import Cell, Name, Scenario
from upecho.measure.environment import Environment
from upecho.measure.rounds import Limits
from upecho.measure.trials import Trial, Window
from upecho.support.decoding import build
from upecho.support.errors import CallerError

SCHEMA = "upecho-results"
VERSION = 3


@dataclass(frozen=True)
class Wanted:
    """A cell that was asked for.

    Attributes:
        target: as the user named it.
        family: by name.
        scenario: by name.
        unsupported: why the target, as it declares, has no such cell; empty if it has.
        failed_checks: ids of the conformance checks that the target fails over this family.
        cold: without the warm-up.
        python: the version of the server's interpreter; empty for that of the harness.
    """

    target: str
    family: str
    scenario: str
    unsupported: str = ""
    failed_checks: tuple[str, ...] = ()
    cold: bool = False
    python: str = ""

    @classmethod
    def of(cls, cell: Cell, unsupported: str = "", failed_checks: Sequence[str] = ()) -> Self:
        """Note down a cell."""
        return cls(*cell.name[:3], unsupported, tuple(failed_checks), cell.cold, cell.python)

    @property
    def name(self) -> Name:
        """The cell by names."""
        return Name(self.target, self.family, self.scenario, self.cold, self.python)


@dataclass(frozen=True)
class Results:
    """A run, complete or interrupted.

    Attributes:
        environment: where.
        window: how long each trial was.
        limits: when to stop.
        checked: whether conformance was checked first.
        scenarios: the loads.
        wanted: the cells, in the order they were asked for.
        trials: in the order they were measured.
        pythons: versions of the servers' interpreters, by the names that cells have for them.
    """

    environment: Environment
    window: Window
    limits: Limits
    checked: bool
    scenarios: tuple[Scenario, ...]
    wanted: tuple[Wanted, ...]
    trials: tuple[Trial, ...]
    pythons: Mapping[str, str] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        """How many rounds were begun."""
        return max((trial.round for trial in self.trials), default=0)

    def to_json(self) -> str:
        """Return the results as JSON."""
        return json.dumps({"schema": SCHEMA, "version": VERSION} | asdict(self), allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what to_json wrote.

        Raises:
            CallerError: this is something else, of another version, or not all of it.
        """
        fields = _fields(text)
        try:
            results = build(cls, fields)
        except ValueError as error:
            raise CallerError(f"not a whole results file: {error}") from None
        results.expect_sound()
        return results

    def expect_sound(self) -> None:
        """Make sure that its parts belong together.

        Raises:
            CallerError: no run can have given these.
        """
        known = {scenario.name for scenario in self.scenarios}
        for name in (one.name for part in (self.wanted, self.trials) for one in part):
            if name.scenario not in known:
                raise CallerError(f"not a whole results file: it does not say what the scenario {name.scenario!r} is")
        for number, trial in enumerate(self.trials):
            if flaw := trial.flaw():
                raise CallerError(f"not a whole results file: trials[{number}] {flaw}")


def _fields(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CallerError(f"not a results file: it is no JSON, or not all of it ({error})") from None
    if not isinstance(fields, dict) or fields.get("schema") != SCHEMA:
        raise CallerError(f'not a results file: it does not say "schema": "{SCHEMA}"')
    if fields.get("version") != VERSION:
        raise CallerError(f"results of version {fields.get('version')!r}; this upecho reads version {VERSION}")
    return {name: value for name, value in fields.items() if name not in ("schema", "version")}


def load(path: Path) -> Results:
    """Read a results file.

    Raises:
        CallerError: there is none, or it is something else, of another version, or not all of it.
    """
    try:
        return Results.from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CallerError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CallerError(f"{path}: not a results file: it is no text") from None
    except CallerError as error:
        raise CallerError(f"{path}: {error}") from None
