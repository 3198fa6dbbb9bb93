"""Running one implementation until it is stopped: load, bind, announce, serve, clean up.

``python -m upecho.serving.run ORDER`` is a server as a child process, where ORDER is an ``Order`` in JSON. It imports
only the standard library and the implementation, so that a measurement shows the implementation and nothing else. It
also runs under an interpreter in which none of upecho's dependencies is installed.

Output of the child
    stdout: one announcement (``upecho.serving.announcement``); from then on stdout leads to ``/dev/null``.
    stdin: after the announcement, the child waits for a byte or the end, so that what it has written to stderr before
        can be told from what it writes afterwards.
    stderr: one line if upecho refuses or fails, and whatever the implementation writes.

Exit status of the child
    The status of the error (``upecho.support.errors``): 0 after a regular stop, 1 if the server did not stop, 2 if the
    order cannot be carried out, 3 if the machine failed. ``NoPortLeft`` has the status ``NO_PORT_STATUS`` instead of 3,
    because the parent has to tell it from other failures of the machine. An exception of the implementation ends the
    process as in any Python program, with a traceback and status 1.
"""

import functools
import json
import os
import sys
from collections.abc import Callable
from typing import NamedTuple, Self

from upecho.net.address import Address
from upecho.serving.announcement import Ready, Refused, encode
from upecho.serving.contract import Stop
from upecho.serving.listener import listening
from upecho.serving.loading.implementation import load_implementation
from upecho.serving.settings import Settings
from upecho.serving.stop_signals import OVERTIME_SECONDS, stop_signals
from upecho.support import timeouts
from upecho.support.errors import CallerError, HarnessError, NoPortLeft, UpechoError

STDIN = 0
NO_PORT_STATUS = 75  # EX_TEMPFAIL in sysexits.h: trying again later may succeed; no program ends with it by chance


class Order(NamedTuple):
    """An implementation to run and where, as it travels to a child process.

    Attributes:
        target: ``NAME``, ``NAME+LOOP`` or ``module:attribute``.
        address: Where to listen, in a form that Address.parse reads. It is not parsed before, because a check passes
            addresses that no system accepts.
        settings: Settings of the server.
    """

    target: str
    address: str
    settings: Settings

    def to_json(self) -> str:
        """Return the order as one line of JSON."""
        return json.dumps(self)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the order that ``to_json`` encoded."""
        target, address, settings = json.loads(text)
        return cls(target, address, Settings(*settings))


def run(order: Order, announce: Callable[[Address], None]) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        order: What to run and where.
        announce: Called once with the actual address, when clients can connect to it.

    Raises:
        UpechoError: The order cannot be carried out, or the server did not stop.
    """
    implementation = load_implementation(order.target)
    grace = max(order.settings.grace, implementation.declared.grace)
    timeout = 0.0 if implementation.naive else grace + timeouts.at_least(OVERTIME_SECONDS)
    # Signals are handled before a Unix path exists, so that a stop at any moment removes the path.
    with (
        stop_signals(timeout, order.target) as signal,
        listening(Address.parse(order.address), order.settings) as listener,
    ):
        ready = functools.cache(functools.partial(announce, Address.of(listener)))
        if not implementation.calls_ready:
            ready()
        implementation.serve(listener, Stop(signal, order.settings, ready))


def write_to_stdout(text: str) -> None:
    """Write text to stdout, even text that its encoding cannot represent, such as some paths.

    Raises:
        HarnessError: stdout is full, or a pipe whose reader has gone.
    """
    try:
        os.write(sys.stdout.fileno(), os.fsencode(text))
    except OSError as error:
        raise HarnessError(str(error.strerror), subject="cannot write the ready line to stdout") from None


def main() -> None:
    """Carry out the order on the command line, as a child process of upecho."""
    try:
        run(Order.from_json(sys.argv[1]), _announce)
    except UpechoError as error:
        if isinstance(error, CallerError):
            write_to_stdout(encode(Refused(error)))
        sys.stderr.write(f"upecho: {error}\n")
        sys.exit(NO_PORT_STATUS if isinstance(error, NoPortLeft) else error.exit_status)


def _announce(address: Address) -> None:
    """Announce that the server is ready, then send stdout to nowhere: the parent reads no more, and a full pipe blocks.

    Raises:
        HarnessError: As for ``write_to_stdout``.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)  # before clients come and take every descriptor: workers serve already
    write_to_stdout(encode(Ready(str(address))))
    os.read(STDIN, 1)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


if __name__ == "__main__":
    main()
