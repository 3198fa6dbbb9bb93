"""What is started as a server process, and under which conditions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from upecho.processes.interpreter import Interpreter
from upecho.serving.settings import Settings
from upecho.serving.target import Kind, Target


@dataclass(frozen=True)
class Launch:
    """What to start, and under which conditions.

    Attributes:
        target: An implementation or a command.
        address: Where the server has to listen, in a form that Address.parse reads. A command cannot report the port
            that the system chooses for port 0, so it needs another one.
        settings: Settings of an implementation; a command brings its own.
        cores: Processor cores that the process may run on; empty means all of them.
        descriptors: Number of descriptors that the process may open; None means as many as this process.
        interpreter: Python that runs an implementation; None means the one that runs upecho.
        prefix: A program and arguments that execute the command which follows them.
    """

    target: Target
    address: str
    settings: Settings = field(default_factory=Settings)
    cores: Collection[int] = ()
    descriptors: int | None = None
    interpreter: Interpreter | None = None
    prefix: Sequence[str] = ()

    @property
    def grace(self) -> float:
        """Seconds that the server may give its clients after it was told to stop."""
        if self.target.kind is Kind.COMMAND:
            return self.target.grace
        return max(self.settings.grace, self.target.grace)
