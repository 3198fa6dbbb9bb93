"""Where checks happen: one target over one family, started as often as the checks need it."""

import functools

from upecho.conformance.check import Check
from upecho.conformance.harness.launching import Refusal, Terms, launch, new_address
from upecho.conformance.harness.running import Running
from upecho.conformance.harness.server import Server
from upecho.conformance.harness.violation import Log, Violation, ending, gist, plural, untimely
from upecho.net.address import Address, Family
from upecho.processes import procfs
from upecho.processes.interpreter import Interpreter
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Kind, Target

GRACE_SECONDS = 2.0
ANSWER_SECONDS = 0.3  # an answer later than this is none to somebody who has to wait for a turn


class Launcher:
    """One target over one family."""

    def __init__(
        self, target: Target, family: Family, supervisor: Supervisor, python: Interpreter | None = None
    ) -> None:
        self.target = target
        self.family = family
        self.supervisor = supervisor
        self._python = python
        self._shared: Running | None = None
        self._hung_at_start: Violation | None = None
        self._started: list[Running] = []
        self._services: list[Server] = []
        self._said: list[tuple[str, str]] = []
        self.log = Log()
        self._check: Check
        self._limit: int | None = None

    def begin_check(self, check: Check) -> None:
        """Begin a new log."""
        self.log = Log()
        self._check = check
        for running in self._running():
            running.begin_check()
        # A check of more clients than the target declares to serve shows something only if it gets them all.
        self._limit = None if self._takes_too_many(check) else self.target.max_clients

    def end_check(self, *, failed: bool) -> None:
        """Close and end what the check has opened and started, and the shared server too if it may be damaged."""
        while self._services:
            self._services.pop().disconnect()
        serves = self._shared_serves()
        self._listen_to_stderr()
        while self._started:
            self._started.pop().child.close()
        if failed or not serves:
            self.discard_shared()

    def stderr(self) -> list[str]:
        """Return what matters of what the servers have written to stderr during this check."""
        return [line for running in self._running() for line in gist(running.said())]

    def explained(self, violation: Violation) -> Violation:
        """Return the violation with the end of the server, if it has ended by itself: that explains the rest."""
        ends = (running.ended_untold() for running in self._running())
        if end := next(filter(None, ends), ""):
            violation.seen = f"{end} (was: {violation.seen})"
        return violation

    def expect_quiet_stderr(self) -> None:
        """Expect that no server that was started here has said anything on stderr while it served."""
        self._listen_to_stderr()
        if self._said:
            where, text = self._said[0]
            lines = plural(sum(text.count("\n") for _, text in self._said), "line")
            if where != self._check.id:
                self.log = Log()  # what this check's own clients did tells nothing about it
            raise Violation("nothing on stderr", f"{lines}, the first during {where}: {'; '.join(gist(text))}")

    def shared_server(self) -> Server:
        """Return the server that one check after another talks to; it is started when there is none."""
        if self.target.kind is Kind.ADDRESS:
            return self._service(self.target.address(), None)
        if self._shared is not None and not self._shared.child.is_alive():
            self.discard_shared()
        if self._shared is None:
            self._shared = self._launch_or_fail(self._terms(self.new_address()))
        return self._service(self._shared.address, self._shared)

    def discard_shared(self) -> None:
        """End the shared server, so that the next check gets a new one."""
        if self._shared:
            self._shared.child.close()
        self._shared = None

    def start(self, address: str | None = None, grace: float = GRACE_SECONDS, descriptors: int | None = None) -> Server:
        """Start a server for one check alone; see ``Terms`` for the units."""
        running = self._launch_or_fail(self._terms(address or self.new_address(), grace, descriptors))
        self._started.append(running)
        return self._service(running.address, running)

    def expect_refusal(self, address: str) -> None:
        """Expect that a server told to listen at ``address`` ends at once, with one clear line."""
        outcome = launch(self.target, self.supervisor, self._terms(address), may_start=False)
        if not isinstance(outcome, Refusal):
            outcome.child.close()
            raise Violation(f"no server at {address}", "it is ready")
        lines = outcome.stderr.splitlines()
        if outcome.status is None:
            raise Violation(f"an exit status other than 0 for {address}", "a process that neither serves nor ends")
        if outcome.status == 0 or len(lines) != 1 or "Traceback" in outcome.stderr:
            how = f"{ending(outcome.status)}, {plural(len(lines), 'line')} on stderr"
            said = f"{how}: {outcome.stderr[-200:]!r}"
            raise Violation("one clear line on stderr and an exit status other than 0", said)

    def new_address(self) -> str:
        """Return an address that nobody uses."""
        return new_address(self.target, self.family, self.supervisor)

    def unsupported_reason(self, check: Check) -> str | None:
        """Return what the target declares, or the system lacks, that makes a check unsupported; None if nothing."""
        if self.family not in self.target.families:
            return f"the target declares that it does not serve {self.family.value}"
        if self._takes_too_many(check):
            return f"the target declares that it serves at most {plural(self.target.max_clients or 0, 'client')}"
        return None if self._can_see(check) else "this system does not expose the resource usage of a process"

    def works_anyway(self, check: Check) -> bool:
        """Whether a check that is declined may well pass: the target does more than it declares."""
        over_family = self.family in self.target.families or self._serves_one
        return self._can_see(check) and over_family and (not self._takes_too_many(check) or self._serves_more)

    @functools.cached_property
    def _serves_one(self) -> bool:
        return self._serves(0)

    @functools.cached_property
    def _serves_more(self) -> bool:
        return self._serves(self.target.max_clients or 0)

    def _serves(self, others: int) -> bool:
        """Whether a client is served while so many others are connected, which are served before."""
        server = None
        try:
            server = self.shared_server()
            for _ in range(others):
                server.connect().exchange(b"one of those")
            return server.connect().is_served(b"one more", ANSWER_SECONDS)
        except Violation:
            return False
        finally:
            if server:
                server.disconnect()

    def _takes_too_many(self, check: Check) -> bool:
        return self.target.max_clients is not None and check.clients > self.target.max_clients

    def _can_see(self, check: Check) -> bool:
        return procfs.AVAILABLE or not check.observes

    def _shared_serves(self) -> bool:
        """Whether the shared server still serves; if it is about to end, or stuck, the next check gets another."""
        if self._shared is None:
            return True
        server = Server(self._shared.address, self._shared, None, Log())
        try:
            server.connect().exchange(b"x")
        except Violation:
            return False
        finally:
            server.disconnect()
        return True

    def _running(self) -> list[Running]:
        return [*([self._shared] if self._shared else []), *self._started]

    def _listen_to_stderr(self) -> None:
        self._said += [(self._check.id, news) for running in self._running() if (news := running.news())]

    def _service(self, address: Address, running: Running | None) -> Server:
        self._services.append(Server(address, running, self._limit, self.log))
        return self._services[-1]

    def _terms(self, address: str, grace: float = GRACE_SECONDS, descriptors: int | None = None) -> Terms:
        return Terms(address, grace, descriptors, self._python)

    def _launch_or_fail(self, terms: Terms) -> Running:
        if self._hung_at_start:  # to wait for that in every check would take minutes
            raise self._hung_at_start
        outcome = launch(self.target, self.supervisor, terms)
        if not isinstance(outcome, Refusal):
            return outcome
        how = "neither ready nor ended"
        if outcome.status is not None:
            how = untimely(outcome.status, is_command=self.target.kind is Kind.COMMAND)
        violation = Violation(f"a server at {terms.address}", f"{how}; on stderr: {outcome.gist()}")
        if outcome.status is None:
            self._hung_at_start = violation
        raise violation
