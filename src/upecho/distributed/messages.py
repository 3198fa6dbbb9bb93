"""What a master and its workers tell each other, as plain data that Locust carries."""

from dataclasses import asdict, dataclass
from typing import Any

from upecho import __version__
from upecho.load.plan import Job, LoadResult
from upecho.support.decoding import build
from upecho.support.text import all_printable, printable

PROTOCOL = 1  # raised whenever a message changes its meaning


@dataclass(frozen=True)
class Hello:
    """How a worker introduces itself. All versions have the first two fields.

    Attributes:
        protocol: Version of these messages.
        upecho: Version of upecho.
        host: Name of the machine.
        pid: Id of the process on that machine.
        engines: Names of the load engines that are available there.
        cores: Number of processor cores that the worker may use.
        system: Kernel and its release.
        python: Version of Python.
    """

    protocol: int
    upecho: str
    host: str
    pid: int
    engines: tuple[str, ...]
    cores: int
    system: str
    python: str

    @property
    def name(self) -> str:
        """A name for people; processes of different machines may share it."""
        return f"{self.host}/{self.pid}"


@dataclass(frozen=True)
class Welcome:
    """The master accepts a worker.

    Attributes:
        seconds: Longest time until the order comes, in seconds.
    """

    seconds: float


@dataclass(frozen=True)
class Refused:
    """The master does not accept a worker.

    Attributes:
        reason: Why not, as a predicate about the worker.
    """

    reason: str


@dataclass(frozen=True)
class Order:
    """What a worker has to do, at once.

    Attributes:
        job: Its part of the load.
    """

    job: Job


@dataclass(frozen=True)
class Result:
    """What a worker has measured.

    Attributes:
        load: The result of its engine.
    """

    load: LoadResult


@dataclass(frozen=True)
class Failed:
    """A worker cannot do its part.

    Attributes:
        reason: Why not.
    """

    reason: str


@dataclass(frozen=True)
class Done:
    """The master has the result, or the failure, of a worker, which may end."""


Message = Welcome | Refused | Order | Result | Failed | Done
KINDS: dict[str, type[Message]] = {
    kind.__name__.lower(): kind for kind in (Welcome, Refused, Order, Result, Failed, Done)
}


def encoded(message: Message) -> dict[str, Any]:
    """Return a message as plain data."""
    return {"kind": type(message).__name__.lower(), "content": asdict(message)}


def decoded(data: Any) -> Message:
    """Return the message that plain data stands for; control characters in it are escaped.

    Raises:
        ValueError: It stands for none.
    """
    try:
        kind, content = KINDS[data["kind"]], data["content"]
    except (TypeError, KeyError):
        raise ValueError("not a message of upecho") from None
    return build(kind, all_printable(content))


def obstacle(introduction: Any, engine: str) -> str:
    """Return why a worker cannot take part, as a predicate about it; empty if it can.

    Args:
        introduction: ``Hello`` as plain data; None from a worker of Locust without upecho.
        engine: Name of the load engine that it needs.
    """
    if introduction is None:
        return "is a plain worker of Locust; start upecho locust --worker instead"
    try:
        protocol, version = introduction["protocol"], introduction["upecho"]
    except (TypeError, KeyError):
        return "does not introduce itself as a worker of upecho"
    if (protocol, version) != (PROTOCOL, __version__):
        ours = f"upecho {__version__} with protocol {PROTOCOL}"
        return printable(f"has upecho {version} with protocol {protocol}, but this master has {ours}")
    try:
        hello = hello_of(introduction)
    except ValueError as error:
        return f"introduces itself wrongly: {printable(str(error))}"
    return "" if engine in hello.engines else f"lacks the {engine} load engine, which was not built there"


def hello_of(introduction: Any) -> Hello:
    """Return the introduction of a worker from plain data.

    Raises:
        ValueError: It is none of this version.
    """
    return build(Hello, all_printable(introduction))
