"""Where checks happen: one target over one family, started as often as the checks need it."""

import contextlib
import socket
import time
from dataclasses import dataclass

from upecho import client, deadlines
from upecho.address import Address, Family
from upecho.conformance.service import Service
from upecho.conformance.violation import Log, Violation
from upecho.conformance.wire import Wire
from upecho.errors import AddressError
from upecho.process import Child, Supervisor
from upecho.server_process import END_SECONDS, READY_SECONDS, ready_address, spawn
from upecho.serving import Order
from upecho.settings import Settings
from upecho.target import Kind, Target

GRACE_SECONDS = 2.0
LOOK_SECONDS = 0.01


@dataclass(frozen=True)
class Refusal:
    """A server that did not start.

    Attributes:
        status: its exit status; None if it neither started nor ended.
        stderr: what it said.
    """

    status: int | None
    stderr: str


class Place:
    """One target over one family."""

    def __init__(self, target: Target, family: Family, supervisor: Supervisor) -> None:
        self.target = target
        self.family = family
        self.supervisor = supervisor
        self._shared: tuple[Child, Address] | None = None
        self._hung_at_start: Violation | None = None
        self._children: list[Child] = []
        self._services: list[Service] = []
        self.log = Log()

    def begin_check(self) -> None:
        """Begin a new log."""
        self.log = Log()

    def end_check(self, *, failed: bool) -> None:
        """Close and end what the check has opened and started, and the shared server too if it may be damaged."""
        while self._services:
            self._services.pop().disconnect()
        while self._children:
            self._children.pop().close()
        if failed or not self._shared_serves():
            self.discard_shared()

    def _shared_serves(self) -> bool:
        """Whether the shared server still serves; if it is about to end, or stuck, the next check gets another."""
        if self._shared is None:
            return True
        with (
            contextlib.suppress(Violation),
            contextlib.closing(Wire(self._shared[1], Log(), "afterwards")) as wire,
        ):
            wire.exchange(b"x")
            return True
        return False

    def stderr(self) -> str:
        """Return the last line that the servers of this check have written to stderr."""
        children = [*([self._shared[0]] if self._shared else []), *self._children]
        return _last_line("\n".join(child.stderr() for child in children))

    def shared(self) -> Service:
        """Return the server that one check after another talks to; it is started when there is none."""
        if self.target.kind is Kind.ADDRESS:
            return self._service(self.target.address(), None)
        if self._shared is not None and not self._shared[0].is_alive():
            self.discard_shared()
        if self._shared is None:
            self._shared = self._launch_or_fail(self.new_address())
        child, address = self._shared
        return self._service(address, child)

    def discard_shared(self) -> None:
        """End the shared server, so that the next check gets a new one."""
        if self._shared:
            self._shared[0].close()
        self._shared = None

    def start(self, address: str | None = None) -> Service:
        """Start a server for one check alone."""
        child, bound = self._launch_or_fail(address or self.new_address())
        self._children.append(child)
        return self._service(bound, child)

    def expect_refusal(self, address: str) -> None:
        """Expect that a server told to listen at ``address`` ends at once, with one clear line."""
        outcome = self._launch(address, may_start=False)
        if not isinstance(outcome, Refusal):
            outcome[0].close()
            raise Violation(f"no server at {address}", "it is ready")
        lines = outcome.stderr.splitlines()
        if outcome.status is None:
            raise Violation(f"an exit status other than 0 for {address}", "a process that neither serves nor ends")
        if outcome.status == 0 or len(lines) != 1 or "Traceback" in outcome.stderr:
            said = f"exit status {outcome.status}, {len(lines)} lines on stderr: {outcome.stderr[-200:]!r}"
            raise Violation("one clear line on stderr and an exit status other than 0", said)

    def new_address(self) -> str:
        """Return an address that nobody uses."""
        address = self.supervisor.new_address(self.family)
        if self.target.kind is Kind.COMMAND and not self.family.is_unix:
            return str(_free(Address.parse(address)))
        return address

    def _service(self, address: Address, child: Child | None) -> Service:
        self._services.append(Service(address, child, self.target.max_clients, self.log))
        return self._services[-1]

    def _launch_or_fail(self, address: str) -> tuple[Child, Address]:
        if self._hung_at_start:  # to wait for that in every check would take minutes
            raise self._hung_at_start
        outcome = self._launch(address)
        if not isinstance(outcome, Refusal):
            return outcome
        how = "neither ready nor ended" if outcome.status is None else f"exit status {outcome.status}"
        violation = Violation(f"a server at {address}", f"{how}; on stderr: {_last_line(outcome.stderr)}")
        if outcome.status is None:
            self._hung_at_start = violation
        raise violation

    def _launch(self, address: str, *, may_start: bool = True) -> tuple[Child, Address] | Refusal:
        bound = None
        if self.target.kind is Kind.IMPLEMENTATION:
            order = Order(self.target.text, address, Settings(grace=GRACE_SECONDS))
            child = spawn(self.supervisor, order)
            bound = ready_address(child)
        else:
            child = self.supervisor.start(self.target.command(address))
            if may_start:  # else somebody else answers at the address, and a connection proves nothing
                bound = _connectable(child, address)
        if bound is not None:
            return child, bound
        refusal = Refusal(child.wait(deadlines.seconds(END_SECONDS)), child.stderr())
        child.close()
        return refusal


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "")


def _free(address: Address) -> Address:
    """Return the address with a port that was free a moment ago: all that can be done for a foreign command."""
    version, name = address.resolve()
    with socket.socket(version, socket.SOCK_STREAM) as probe:
        probe.bind(name)
        return Address.of(probe)


def _connectable(child: Child, text: str) -> Address | None:
    """Wait until a command accepts connections; a command has no ready line."""
    with contextlib.suppress(AddressError):
        address = Address.parse(text)
        deadline = time.monotonic() + deadlines.seconds(READY_SECONDS)
        while child.is_alive() and time.monotonic() < deadline:
            try:
                client.connect(address, deadlines.seconds(READY_SECONDS)).close()
            except AddressError:
                time.sleep(LOOK_SECONDS)
            else:
                return address
    return None
