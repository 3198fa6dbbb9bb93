"""The process that runs Locust, seen from the master or the worker that it connects with others."""

import importlib.util
import json
import sys
from dataclasses import asdict, dataclass
from typing import Any, Self

from upecho.distributed.messages import Hello, Message, encoded
from upecho.net.address import Address
from upecho.processes.ending import ended
from upecho.processes.supervisor import Supervisor
from upecho.support import timeouts
from upecho.support.errors import HarnessError, Unavailable

START_SECONDS = 60.0  # for the import of Locust, which takes 5 s on a cold disk
END_SECONDS = 3.0  # for the last messages, and for the end of Python
PROGRAM = "upecho.distributed.locust_process"
EXTRA = "pip install 'upecho[distributed]'"


def require_locust() -> None:
    """Make sure that Locust is installed, without importing it.

    Raises:
        Unavailable: It is not.
    """
    if importlib.util.find_spec("locust") is None:
        raise Unavailable("it needs Locust, which is not installed", subject="upecho locust", hint=EXTRA)


@dataclass(frozen=True)
class Event:
    """Something that Locust has noticed.

    Attributes:
        kind: ``started``, ``ready`` (a master listens, or a worker is connected), ``report`` (of a worker, with its
            introduction), ``heartbeat``, ``message``, ``end`` (of a worker, by its master) or ``failed``.
        client: The worker that it is about, by Locust's id; empty on a worker.
        data: The introduction, the message or the reason.
    """

    kind: str
    client: str = ""
    data: Any = None


class Bridge:
    """A process that runs Locust until it is closed."""

    def __init__(self, supervisor: Supervisor, settings: dict[str, Any]) -> None:
        """Start the process and wait until it has imported Locust.

        Args:
            supervisor: Supervisor of the process.
            settings: What ``locust_process`` takes.

        Raises:
            HarnessError: Locust did not start.
        """
        self._child = supervisor.start([sys.executable, "-P", "-m", PROGRAM, json.dumps(settings)])
        self._expect("started")

    @classmethod
    def master(cls, supervisor: Supervisor, address: Address) -> Self:
        """Start a master that listens at an address, and wait until it does.

        Raises:
            AddressError: The host is unknown.
            HarnessError: Locust did not start, or cannot listen.
        """
        bridge = cls(supervisor, {"role": "master", **_numeric(address)})
        bridge._expect("ready")
        return bridge

    @classmethod
    def worker(cls, supervisor: Supervisor, address: Address, hello: Hello) -> Self:
        """Start a worker of the master at an address; the event ``ready`` says that the master has answered.

        Raises:
            AddressError: The host is unknown.
            HarnessError: Locust did not start.
        """
        return cls(supervisor, {"role": "worker", **_numeric(address), "hello": asdict(hello)})

    def receive(self, timeout: float) -> Event | None:
        """Return the next event; None if none comes in time.

        Args:
            timeout: Seconds to wait.

        Raises:
            HarnessError: Locust has failed or ended.
        """
        line = self._child.read_line(timeout)
        if line is None:
            self._expect_alive()
            return None
        event = Event(**json.loads(line))
        if event.kind == "failed":
            raise HarnessError(str(event.data), subject="Locust failed")
        return event

    def send(self, message: Message, client: str = "") -> None:
        """Send a message to a worker, or to the master."""
        self._write({"client": client, "data": encoded(message)})

    def dismiss(self, client: str) -> None:
        """Let Locust end a worker, whatever kind of worker it is."""
        self._write({"client": client, "data": None})

    def close(self) -> None:
        """Let Locust say goodbye, and end it."""
        self._child.stdin.close()
        self._child.wait(timeouts.scaled(END_SECONDS))
        self._child.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _expect(self, kind: str) -> None:
        """Wait for an event that Locust's start consists of."""
        event = self.receive(timeouts.scaled(START_SECONDS))
        if event is None or event.kind != kind:
            raise HarnessError(f"it is not {kind} within {timeouts.scaled(START_SECONDS):.0f} s", subject="Locust")

    def _write(self, command: dict[str, Any]) -> None:
        try:
            self._child.stdin.write(json.dumps(command).encode() + b"\n")
        except BrokenPipeError:
            self._expect_alive()

    def _expect_alive(self) -> None:
        status = self._child.wait(0)
        if status is not None:
            last_line = self._child.stderr().strip().splitlines()[-1:] or ["no output on stderr"]
            raise HarnessError(last_line[0], subject=f"the process that runs Locust {ended(status)}")


def _numeric(address: Address) -> dict[str, Any]:
    """Return host and port in numbers, as Locust would print to stdout that a name is unknown."""
    _, name = address.resolve()
    assert isinstance(name, tuple)
    return {"host": name[0], "port": name[1]}
