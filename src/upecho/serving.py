"""Runs one implementation until told to stop: bind, say where, serve, leave nothing behind.

``python -m upecho.serving ORDER`` is the server as a child process, ORDER being an ``Order`` in JSON. It imports the
standard library and the implementation, nothing else, so that what is measured is the implementation; it also runs
under an interpreter that has none of upecho's dependencies installed.
"""

import json
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from types import FrameType
from typing import NoReturn, Self

from upecho import registry
from upecho.address import Address
from upecho.errors import TargetError, UpechoError
from upecho.listener import listening
from upecho.servers import Stop
from upecho.settings import Settings

OVERTIME = 1.0  # seconds beyond its grace after which a server that did not stop is ended from within


@dataclass(frozen=True)
class Order:
    """What to run and where, as it travels to a child process.

    Attributes:
        target: ``NAME``, ``NAME+LOOP`` or ``module:attribute``.
        address: where to listen, in the form that Address.parse reads.
        settings: the terms.
    """

    target: str
    address: str
    settings: Settings

    def to_json(self) -> str:
        """Return the order as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what to_json wrote."""
        fields = json.loads(text)
        return cls(fields["target"], fields["address"], Settings(**fields["settings"]))


def run(order: Order, ready: Callable[[Address], None]) -> None:
    """Serve until SIGINT or SIGTERM.

    ``ready`` is called with the real address as soon as a client can connect to it.

    Raises:
        UpechoError: the order cannot be carried out, or the server did not stop when it was told to.
    """
    server = registry.load(order.target)
    with listening(Address.parse(order.address), order.settings) as listener:
        patience = 0.0 if server.naive else order.settings.grace + OVERTIME
        with _stop_signal(patience, order) as reader:
            ready(Address.of(listener))
            server.serve(listener, Stop(reader, order.settings))


def ready_line(order: Order, address: Address) -> str:
    """Say that the server is ready; what follows the last `` on `` is the address."""
    return f"upecho: {order.target} is ready on {address}"


@contextmanager
def _stop_signal(patience: float, order: Order) -> Iterator[socket.socket]:
    """Turn SIGINT and SIGTERM into a socket that becomes readable; end what is deaf to it.

    The wake-up descriptor is written by the C handler in whichever thread the signal hits; the Python handler writes
    as well, because event loops put a wake-up descriptor of their own in its place.
    """
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)

    def stop(_number: int, _frame: FrameType | None) -> None:
        if not patience:
            _give_up()
        signal.setitimer(signal.ITIMER_REAL, patience)
        _wake(writer)

    def _give_up(_number: int = 0, _frame: FrameType | None = None) -> NoReturn:
        raise TargetError(f"{order.target} did not stop when told to")

    with reader, writer:
        signal.signal(signal.SIGALRM, _give_up)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            yield reader
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.set_wakeup_fd(-1)


def _wake(writer: socket.socket) -> None:
    try:
        writer.send(b"\0")
    except BlockingIOError:
        pass  # full: it has been readable for long


def main() -> None:
    """Carry out the order on the command line."""
    order = Order.from_json(sys.argv[1])
    try:
        run(order, lambda address: print(ready_line(order, address), flush=True))
    except UpechoError as error:
        print(f"upecho: {error}", file=sys.stderr)
        sys.exit(error.exit_status)


if __name__ == "__main__":
    main()
