"""Servers as child processes: start one, wait until it is ready, stop it."""

import signal
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from upecho.net.address import Address
from upecho.processes.interpreter import Interpreter
from upecho.processes.supervisor import Child, Supervisor
from upecho.serving.run import READY, Order
from upecho.support import timeouts
from upecho.support.errors import CallerError, NoPortLeft, TargetError

READY_SECONDS = 10.0
STOP_SECONDS = 5.0  # beyond the server's own grace
END_SECONDS = 2.0  # how long a program that has nothing to do may take to end
SERVE = "from upecho.serving.run import main; main()"


class ServerProcess:
    """A server in a child process of its own, ready to be connected to."""

    def __init__(self, child: Child, address: Address, grace: float) -> None:
        self.child = child
        self.address = address
        self._grace = grace

    def stop(self, number: int = signal.SIGTERM) -> int | None:
        """Tell the server to stop; return its exit status, or None if it had to be killed."""
        self.child.send_signal(number)
        status = self.child.wait(self._grace + timeouts.seconds(STOP_SECONDS))
        self.child.kill()
        return status


def spawn(
    supervisor: Supervisor,
    order: Order,
    cores: Collection[int] = (),
    descriptors: int | None = None,
    *,
    python: Interpreter | None = None,
) -> Child:
    """Start an implementation as a child process of this or another interpreter, without waiting for it."""
    # -P: a lesson's own selectors.py in the current directory must not take the place of the standard library's.
    program = [sys.executable, "-P", "-m", "upecho.serving.run"]
    if python is not None:
        program = python.command(supervisor.directory, SERVE)
    return supervisor.start([*program, order.to_json()], cores, descriptors)


def ready_address(child: Child) -> Address | None:
    """Wait for the ready line; return the address on it, or None if the child ended or said nothing in time."""
    deadline = time.monotonic() + timeouts.seconds(READY_SECONDS)
    while (line := child.read_line(deadline - time.monotonic())) is not None:
        _, ready, address = line.partition(READY)
        if ready:
            return Address.parse(address)
    return None


def start_server(
    supervisor: Supervisor, order: Order, cores: Collection[int] = (), *, python: Interpreter | None = None
) -> ServerProcess:
    """Start an implementation, with this or another interpreter, and wait until it is ready.

    Raises:
        CallerError: it refused the order; the text is its own line.
        NoPortLeft: the system had none for it.
        TargetError: it ended, or said nothing, before it was ready.
    """
    child = spawn(supervisor, order, cores, python=python)
    if (address := ready_address(child)) is not None:
        return ServerProcess(child, address, order.settings.grace)
    status = child.wait(timeouts.seconds(END_SECONDS))
    said = child.stderr().strip().removeprefix("upecho: ")
    child.close()
    if status == CallerError.exit_status:
        raise CallerError(said)
    if said == str(NoPortLeft()):
        raise NoPortLeft
    how = "did not become ready" if status is None else f"ended with status {status} before it was ready"
    raise TargetError(f"{order.target} {how}: {said.splitlines()[-1] if said else 'no word on stderr'}")


@contextmanager
def running(
    supervisor: Supervisor, order: Order, cores: Collection[int] = (), *, python: Interpreter | None = None
) -> Iterator[ServerProcess]:
    """Start a server, yield it, stop it."""
    server = start_server(supervisor, order, cores, python=python)
    try:
        yield server
        if server.child.is_alive():
            server.stop()
    finally:
        server.child.close()
