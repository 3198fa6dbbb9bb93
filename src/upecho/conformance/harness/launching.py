"""Starting a target as often as the checks need it: ready, or refused."""

import contextlib
import errno
import socket
import time
from dataclasses import dataclass

from upecho.conformance.harness.running import Running
from upecho.conformance.harness.violation import gist
from upecho.net import connecting
from upecho.net.address import Address, Family
from upecho.processes.interpreter import Interpreter
from upecho.processes.server_process import END_SECONDS, READY_SECONDS, ready_address, spawn
from upecho.processes.supervisor import Child, Supervisor
from upecho.serving.run import Order
from upecho.serving.settings import Settings
from upecho.serving.target import Kind, Target
from upecho.support import timeouts
from upecho.support.errors import AddressError, NoPortLeft

POLL_INTERVAL_SECONDS = 0.01


@dataclass(frozen=True)
class Refusal:
    """A server that did not start.

    Attributes:
        status: its exit status; None if it neither started nor ended.
        stderr: what it said.
    """

    status: int | None
    stderr: str

    def gist(self) -> str:
        """Return what matters of what it said, on one line."""
        return "; ".join(gist(self.stderr)) or "nothing"


@dataclass(frozen=True)
class Terms:
    """What a server is started with.

    Attributes:
        address: where it shall listen.
        grace: seconds that it gives its clients when told to stop; a command has its own.
        descriptors: how many it may open; None means as many as the harness.
        python: what runs it; None means the interpreter of the harness. A command brings its own.
    """

    address: str
    grace: float
    descriptors: int | None = None
    python: Interpreter | None = None


def launch(target: Target, supervisor: Supervisor, terms: Terms, *, may_start: bool = True) -> Running | Refusal:
    """Start a target; ``may_start`` is False where it has to refuse, because somebody else answers there."""
    bound = None
    if target.kind is Kind.IMPLEMENTATION:
        order = Order(target.text, terms.address, Settings(grace=terms.grace))
        child = spawn(supervisor, order, descriptors=terms.descriptors, python=terms.python)
        bound = ready_address(child)
    else:
        child = supervisor.start(target.command(terms.address), descriptors=terms.descriptors, mute=True)
        if may_start:
            bound = _connectable(child, terms.address)
    if bound is not None:
        return Running(
            child,
            bound,
            is_command=target.kind is Kind.COMMAND,
            may_complain=terms.descriptors is not None,  # to say that there are none left is a service
        )
    timeout = END_SECONDS if may_start else READY_SECONDS  # for it had no time yet to start and to look around
    refusal = Refusal(child.wait(timeouts.seconds(timeout)), child.stderr())
    child.close()
    if str(NoPortLeft()) in refusal.stderr:
        raise NoPortLeft
    return refusal


def new_address(target: Target, family: Family, supervisor: Supervisor) -> str:
    """Return an address that nobody uses."""
    address = supervisor.new_address(family)
    if target.kind is Kind.COMMAND and not family.is_unix:
        return str(_free(Address.parse(address)))
    return address


def _free(address: Address) -> Address:
    """Return the address with a port that was free a moment ago: all that can be done for a foreign command."""
    version, name = address.resolve()
    with socket.socket(version, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(name)
        except OSError as error:
            raise NoPortLeft if error.errno == errno.EADDRINUSE else error from None
        return Address.of(probe)


def _connectable(child: Child, text: str) -> Address | None:
    """Wait until a command accepts connections; a command has no ready line."""
    with contextlib.suppress(AddressError):
        address = Address.parse(text)
        deadline = time.monotonic() + timeouts.seconds(READY_SECONDS)
        while child.is_alive() and time.monotonic() < deadline:
            try:
                connecting.connect(address, timeouts.seconds(READY_SECONDS)).close()
            except AddressError:
                time.sleep(POLL_INTERVAL_SECONDS)
            else:
                return address
    return None
