"""One target over one family: starts its servers for checks and keeps account of what they wrote to stderr."""

import functools
from collections.abc import Callable

from upecho.conformance.check import Check
from upecho.conformance.harness.background import BackgroundCheck
from upecho.conformance.harness.server import Server
from upecho.conformance.harness.violation import Log, Violation, ending, important_lines, unrequested_ending
from upecho.net.address import Address, Family
from upecho.processes import procfs
from upecho.processes.interpreter import Interpreter
from upecho.processes.server_process import Launch, StartFailure, start_server
from upecho.processes.supervisor import Supervisor
from upecho.serving.listener import unused
from upecho.serving.settings import Settings
from upecho.serving.target import Kind, Target
from upecho.support.text import plural

GRACE_SECONDS = 2.0
ANSWER_SECONDS = 0.3  # a client that is answered later than this had to wait for its turn


class Launcher:
    """Starts servers of one target over one family.

    One server is shared by the checks that do not need one of their own. It is replaced after a failed check and when
    it has stopped serving.

    Attributes:
        target: What is checked.
        family: The socket family of every server.
        supervisor: What the server processes are children of.
        log: Events of the current check.
    """

    def __init__(
        self, target: Target, family: Family, supervisor: Supervisor, interpreter: Interpreter | None = None
    ) -> None:
        self.target = target
        self.family = family
        self.supervisor = supervisor
        self.log = Log()
        self._interpreter = interpreter
        self._shared: Server | None = None
        self._started: list[Server] = []
        self._hung_at_start: Violation | None = None
        self._findings: list[tuple[str, str]] = []  # the id of a check, and what was written to stderr during it
        self._check: Check
        self._background: dict[str, BackgroundCheck | Violation] = {}  # by the id of the check
        self._max_clients: int | None = None

    def begin_check(self, check: Check) -> None:
        """Begin a new log and a new account of stderr."""
        self.log = Log()
        self._check = check
        # A check with more clients than the target declares to serve shows something only if it connects all of them.
        self._max_clients = None if self._takes_too_many(check) else self.target.max_clients
        for server in self._servers():
            server.begin_check(self.log, self._max_clients)

    def start_background(self, check: Check, function: Callable[[Server], object]) -> None:
        """Start a check in the background with a server of its own.

        Args:
            check: The description of the check.
            function: The check itself. It is not started if the target does not support it, or if the user started the
                target, which may then serve only one client at a time.
        """
        if self.target.kind is Kind.ADDRESS or self.unsupported_reason(check) is not None:
            return
        try:
            server = self._start(self._launch(self.new_address()))
        except Violation as violation:
            self._background[check.id] = violation
            return
        log = Log()
        server.begin_check(log, self.target.max_clients)
        self._background[check.id] = BackgroundCheck(function, server, log)

    def finish_background(self) -> bool:
        """Wait for the current check if it runs in the background, and return whether it did.

        Raises:
            Exception: What the check has raised, such as a violation.
        """
        running = self._background.pop(self._check.id, None)
        if isinstance(running, Violation):
            raise running
        if running:
            self.log = running.log
            self._started.append(running.server)
            running.join()
        return running is not None

    def discard_background(self) -> None:
        """End the servers of background checks whose turn never came."""
        for running in self._background.values():
            if isinstance(running, BackgroundCheck):
                running.server.process.child.close()
        self._background.clear()

    def end_check(self, *, failed: bool) -> None:
        """Disconnect all clients, end the servers of this check, and the shared one too if it may be damaged."""
        for server in self._servers():
            server.disconnect()
        # A shared server that is about to end, or is stuck, must not fail the next check.
        is_sound = self._shared is None or self.target.kind is Kind.ADDRESS or self._shared.is_serving()
        self._collect_findings()
        while self._started:
            self._started.pop().process.child.close()
        if failed or not is_sound:
            self.discard_shared()

    def stderr(self) -> list[str]:
        """Return the lines that matter of what the servers have written to stderr during this check."""
        return [line for server in self._servers() for line in important_lines(server.stderr_during_check())]

    def explained(self, violation: Violation) -> Violation:
        """Return a violation that says if the server has ended by itself, because that explains everything else."""
        ends = (server.unrequested_end() for server in self._servers())
        if end := next(filter(None, ends), ""):
            violation.seen = f"{end} (symptom: {violation.seen})"
        return violation

    def expect_quiet_stderr(self) -> None:
        """Expect that no server of this launcher has written to stderr while it served."""
        self._collect_findings()
        if self._findings:
            where, text = self._findings[0]
            lines = plural(sum(text.count("\n") for _, text in self._findings), "line")
            if where != self._check.id:
                self.log = Log()  # the clients of this check have nothing to do with it
            raise Violation(
                "nothing on stderr", f"{lines}, the first during {where}: {'; '.join(important_lines(text))}"
            )

    def shared_server(self) -> Server:
        """Return the server that one check after another talks to; start it if there is none."""
        if self._shared and self.target.kind is not Kind.ADDRESS and not self._shared.process.child.is_alive():
            self.discard_shared()
        if self._shared is None:
            address = self.target.address() if self.target.kind is Kind.ADDRESS else None
            self._shared = Server(address) if address else self._start(self._launch(self.new_address()))
            self._shared.begin_check(self.log, self._max_clients)
        return self._shared

    def discard_shared(self) -> None:
        """End the shared server, so that the next check gets a new one."""
        if self._shared and self.target.kind is not Kind.ADDRESS:
            self._shared.process.child.close()
        self._shared = None

    def start(
        self, address: str | None = None, *, grace: float = GRACE_SECONDS, descriptors: int | None = None
    ) -> Server:
        """Start a server for one check alone.

        Args:
            address: Where it has to listen; None means at a new address.
            grace: Seconds that an implementation gives its clients after the stop.
            descriptors: Number of descriptors that it may open; None means as many as this process.
        """
        server = self._start(self._launch(address or self.new_address(), grace=grace, descriptors=descriptors))
        self._started.append(server)
        server.begin_check(self.log, self._max_clients)
        return server

    def expect_refusal(self, address: str) -> None:
        """Expect that a server refuses an address: it ends with one clear line on stderr and an error status."""
        try:
            # Something else may answer at the address, so a connection would not show that this server is ready.
            with start_server(self.supervisor, self._launch(address), may_connect=False):
                raise Violation(f"no server at {address}", "it is ready")
        except StartFailure as failure:
            _expect_clear_refusal(address, failure)

    def new_address(self) -> str:
        """Return an address that no one uses; a command gets a concrete port, because it cannot report one."""
        address = self.supervisor.new_address(self.family)
        if self.target.kind is Kind.COMMAND and not self.family.is_unix:
            return str(unused(Address.parse(address)))
        return address

    def unsupported_reason(self, check: Check) -> str | None:
        """Return why the target or this system does not support a check; None if they do."""
        if self.family not in self.target.families:
            return f"declared not to serve {self.family}"
        if self._takes_too_many(check):
            return f"declared to serve at most {plural(self.target.max_clients or 0, 'client')}"
        return None if self._is_observable(check) else "this system does not expose the resource usage of a process"

    def works_anyway(self, check: Check) -> bool:
        """Whether an unsupported check may well pass, because the target does more than it declares."""
        serves_family = self.family in self.target.families or self._serves_one
        return self._is_observable(check) and serves_family and (not self._takes_too_many(check) or self._serves_more)

    @functools.cached_property
    def _serves_one(self) -> bool:
        return self._serves_beside(0)

    @functools.cached_property
    def _serves_more(self) -> bool:
        return self._serves_beside(self.target.max_clients or 0)

    def _serves_beside(self, others: int) -> bool:
        """Whether a client is served while ``others`` clients, which were served before it, are still connected."""
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

    def _is_observable(self, check: Check) -> bool:
        return procfs.AVAILABLE or not check.observes

    def _servers(self) -> list[Server]:
        return [*([self._shared] if self._shared else []), *self._started]

    def _collect_findings(self) -> None:
        found = ((self._check.id, server.new_findings_on_stderr()) for server in self._servers())
        self._findings += [(check, text) for check, text in found if text]

    def _launch(self, address: str, *, grace: float = GRACE_SECONDS, descriptors: int | None = None) -> Launch:
        settings = Settings(grace=grace)
        return Launch(self.target, address, settings, descriptors=descriptors, interpreter=self._interpreter)

    def _start(self, launch: Launch) -> Server:
        if self._hung_at_start:  # waiting for that again in every check would take minutes
            raise self._hung_at_start
        try:
            process = start_server(self.supervisor, launch)
        except StartFailure as failure:
            violation = self._start_violation(launch, failure)
            if failure.status is None and launch.descriptors is None:
                self._hung_at_start = violation
            raise violation from None
        return Server(process.address, process)

    def _start_violation(self, launch: Launch, failure: StartFailure) -> Violation:
        how = "neither ready nor ended"
        if failure.status is not None:
            how = unrequested_ending(failure.status, is_command=self.target.kind is Kind.COMMAND)
        stderr = "; ".join(important_lines(failure.stderr)) or "nothing"
        return Violation(f"a server at {launch.address}", f"{how}; on stderr: {stderr}")


def _expect_clear_refusal(address: str, failure: StartFailure) -> None:
    lines = failure.stderr.splitlines()
    if failure.status is None:
        raise Violation(
            f"an exit status other than 0 for {address}", "a process that neither serves nor ends"
        ) from None
    if failure.status == 0 or len(lines) != 1 or "Traceback" in failure.stderr:
        how = f"{ending(failure.status)}, {plural(len(lines), 'line')} on stderr"
        seen = f"{how}: {failure.stderr[-200:]!r}"
        raise Violation("one clear line on stderr and an exit status other than 0", seen) from None
