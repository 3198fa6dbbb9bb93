"""Runs one implementation until told to stop: bind, say where, serve, leave nothing behind.

``python -m upecho.serving.run ORDER`` is the server as a child process, ORDER being an ``Order`` in JSON. It
imports the standard library and the implementation, nothing else, so that what is measured is the
implementation; it also runs under an interpreter that has none of upecho's dependencies installed.
"""

import functools
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Self

from upecho.net.address import Address
from upecho.serving import registry
from upecho.serving.contract import Stop
from upecho.serving.listener import listening
from upecho.serving.settings import Settings
from upecho.serving.stop_signals import OVERTIME, stop_signals
from upecho.support.errors import HarnessError, UpechoError

READY = " is ready on "  # stands before the address in the ready line


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
    timeout = 0.0 if server.naive else order.settings.grace + OVERTIME
    # The signals first: from the moment there is a path, there is somebody to remove it.
    with (
        stop_signals(timeout, order.target) as reader,
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
