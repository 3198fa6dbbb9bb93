"""Runs one implementation until told to stop: bind, say where, serve, leave nothing behind.

``python -m upecho.serving ORDER`` is the server as a child process, ORDER being an ``Order`` in JSON. It
imports the standard library and the implementation, nothing else, so that what is measured is the
implementation; it also runs under an interpreter that has none of upecho's dependencies installed.
"""

import contextlib
import functools
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from types import FrameType
from typing import NoReturn, Self

from upecho import registry
from upecho.address import Address
from upecho.errors import HarnessError, TargetError, UpechoError
from upecho.listener import listening
from upecho.servers import Stop
from upecho.settings import Settings

READY = " is ready on "  # stands before the address in the ready line
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
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
    patience = 0.0 if server.naive else order.settings.grace + OVERTIME
    # The signals first: from the moment there is a path, there is somebody to remove it.
    with (
        _stop_signal(patience, order) as reader,
        listening(Address.parse(order.address), order.settings) as listener,
    ):
        ready(Address.of(listener))
        server.serve(listener, Stop(reader, order.settings))


def announce(order: Order, address: Address) -> None:
    """Say on stdout that the server is ready; what follows the first `` on `` is the address.

    Raises:
        HarnessError: stdout is full, or nobody reads it any more.
    """
    line = f"upecho: {order.target}{READY}{address}\n"
    try:
        os.write(sys.stdout.fileno(), os.fsencode(line))  # bytes: a path need not be text in stdout's encoding
    except OSError as error:
        raise HarnessError(f"cannot write the ready line to stdout: {error.strerror}") from None


def announce_and_fall_silent(order: Order, address: Address) -> None:
    """Announce; from then on stdout leads nowhere, as the harness reads no more of it: a full pipe stops who prints.

    Raises:
        HarnessError: as announce does.
    """
    announce(order, address)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


@contextmanager
def _stop_signal(patience: float, order: Order) -> Iterator[socket.socket]:
    """Turn SIGINT and SIGTERM into a socket that becomes readable; end what is deaf to it.

    Deaf to an exception, too, may be an event loop that swallows it, or a thread that outlives ``serve`` and keeps the
    interpreter from ending. So the timer runs on, and the second time there is no more asking.

    The wake-up descriptor is written by the C handler in whichever thread the signal hits; the Python handler
    writes as well, because event loops put a wake-up descriptor of their own in its place.
    """
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)

    told = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        told.set()
        if not patience:
            give_up()
        signal.setitimer(signal.ITIMER_REAL, patience, OVERTIME)
        _wake(writer)

    def give_up(_number: int = 0, _frame: FrameType | None = None) -> NoReturn:
        _handle_stop_signals(signal.SIG_IGN)
        signal.signal(signal.SIGALRM, _end_hard)
        signal.setitimer(signal.ITIMER_REAL, OVERTIME)
        raise TargetError(f"{order.target} did not stop when told to")

    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    with reader, writer:
        signal.signal(signal.SIGALRM, give_up)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        _handle_stop_signals(stop)
        try:
            yield reader
        finally:
            _handle_stop_signals(signal.SIG_IGN)  # once the end has begun, a second Ctrl-C must not disturb it
            signal.set_wakeup_fd(-1)
            if told.is_set():  # and it has returned, but may have left something behind that goes on
                signal.signal(signal.SIGALRM, _end_hard)
                signal.setitimer(signal.ITIMER_REAL, OVERTIME)
            else:
                for number, handler in before.items():
                    signal.signal(number, handler)


def _end_hard(_number: int, _frame: FrameType | None) -> NoReturn:
    os.write(2, b"upecho: the server did not end when told to, and was ended\n")
    os._exit(TargetError.exit_status)


def _handle_stop_signals(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, handler)


def _wake(writer: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):  # full: it has been readable for long
        writer.send(b"\0")


def main() -> None:
    """Carry out the order on the command line."""
    order = Order.from_json(sys.argv[1])
    try:
        run(order, functools.partial(announce_and_fall_silent, order))
    except UpechoError as error:
        sys.stderr.write(f"upecho: {error}\n")
        sys.exit(error.exit_status)


if __name__ == "__main__":
    main()
