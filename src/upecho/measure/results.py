"""The results of a run: what was wanted, every block that was measured, and the file all that is kept in."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from upecho.errors import CallerError
from upecho.measure.blocks import Block, Window
from upecho.measure.cells import Cell, Scenario
from upecho.measure.environment import Environment
from upecho.measure.rounds import Limits

SCHEMA = "upecho-results"
VERSION = 1


@dataclass(frozen=True)
class Wanted:
    """A cell that was asked for.

    Attributes:
        target: as the user named it.
        family: by name.
        scenario: by name.
        unsupported: why the target, as it declares, has no such cell; empty if it has.
        failed_checks: ids of the conformance checks that the target fails over this family.
    """

    target: str
    family: str
    scenario: str
    unsupported: str = ""
    failed_checks: tuple[str, ...] = ()

    @classmethod
    def of(cls, cell: Cell, unsupported: str = "", failed_checks: Sequence[str] = ()) -> Self:
        """Note down a cell."""
        names = (cell.target, cell.family.value, cell.scenario.name)
        return cls(*names, unsupported=unsupported, failed_checks=tuple(failed_checks))


@dataclass(frozen=True)
class Results:
    """A run, complete or interrupted.

    Attributes:
        environment: where.
        window: how long each block was.
        limits: when to stop.
        checked: whether conformance was checked first.
        scenarios: the loads.
        wanted: the cells, in the order they were asked for.
        blocks: in the order they were measured.
    """

    environment: Environment
    window: Window
    limits: Limits
    checked: bool
    scenarios: tuple[Scenario, ...]
    wanted: tuple[Wanted, ...]
    blocks: tuple[Block, ...]

    def to_json(self) -> str:
        """Return the results as JSON."""
        return json.dumps({"schema": SCHEMA, "version": VERSION} | asdict(self)) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what to_json wrote.

        Raises:
            CallerError: this is something else, or of a newer version.
        """
        fields = _fields(text)
        return cls(
            environment=Environment.from_fields(fields["environment"]),
            window=Window(**fields["window"]),
            limits=Limits(**fields["limits"]),
            checked=fields["checked"],
            scenarios=tuple(Scenario(**scenario) for scenario in fields["scenarios"]),
            wanted=tuple(
                Wanted(**wanted | {"failed_checks": tuple(wanted["failed_checks"])}) for wanted in fields["wanted"]
            ),
            blocks=tuple(map(Block.from_fields, fields["blocks"])),
        )


def _fields(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise CallerError(f"not a results file: it is no JSON ({error})") from None
    if not isinstance(fields, dict) or fields.get("schema") != SCHEMA:
        raise CallerError(f'not a results file: it does not say "schema": "{SCHEMA}"')
    if fields.get("version") != VERSION:
        raise CallerError(f"results of version {fields.get('version')!r}; this upecho reads version {VERSION}")
    return fields
