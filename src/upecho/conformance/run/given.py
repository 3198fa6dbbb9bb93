"""What the process that starts a worker tells it, so that the worker need not load the code of its target."""

import enum
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from upecho.conformance.catalogue import by_id
from upecho.conformance.check import Check, Level
from upecho.processes.interpreter import Interpreter
from upecho.serving.target import Target
from upecho.support import decoding


@dataclass(frozen=True, eq=False)  # pytest hashes its plugins, and a mapping has no hash
class Given:
    """A target and checks that have been selected already. As a pytest plugin, it replaces the options about them.

    A worker must not import the module of a target, which could end or block it.

    Attributes:
        target: The target.
        levels: The level of each selected check in this run, by its id.
        interpreter: Python that runs it, if it is an implementation; None means the one that runs the worker.
        directory: Where to create temporary files; empty for the usual place.
    """

    target: Target
    levels: Mapping[str, Level]
    interpreter: Interpreter | None = None
    directory: str = ""

    def checks(self) -> list[Check]:
        """Return the selected checks."""
        return [replace(by_id()[check], level=level) for check, level in self.levels.items()]

    def to_json(self) -> str:
        """Return the object as one line of JSON."""
        return json.dumps(asdict(self), default=_plain)

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Return the object that ``to_json`` wrote.

        Raises:
            ValueError: The line is something else.
        """
        return decoding.build(cls, json.loads(line))


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, enum.Enum) else sorted(value)
