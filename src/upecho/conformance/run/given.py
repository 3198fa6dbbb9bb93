"""What the process that starts a worker tells it, so that the worker need not load the code of its target."""

import enum
import json
from dataclasses import asdict, dataclass
from typing import Any, Self

from upecho.processes.interpreter import Interpreter
from upecho.serving.target import Target
from upecho.support import decoding


@dataclass(frozen=True)
class Given:
    """A target that has been parsed already. As a pytest plugin, it replaces the options that would be parsed.

    A worker must not import the module of a target, which could end or block it.

    Attributes:
        target: The target.
        interpreter: Python that runs it, if it is an implementation; None means the one that runs the worker.
    """

    target: Target
    interpreter: Interpreter | None = None

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
