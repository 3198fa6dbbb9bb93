"""Provides each check with the servers that it needs, and ends them."""

import contextlib
import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from upecho.conformance.check import Check, Level
from upecho.conformance.harness.background import BackgroundChecks
from upecho.conformance.harness.budget import Budget
from upecho.conformance.harness.declarations import Declarations
from upecho.conformance.harness.ended_server import explained
from upecho.conformance.harness.first_client import ANSWER_CHECK, Obstacle, wrong_echo
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.standstill import Standstills, standstill
from upecho.conformance.harness.starting import GRACE_SECONDS, Starter
from upecho.conformance.harness.stderr_account import StderrAccount, Written
from upecho.conformance.harness.violation import Log, OutOfTime, Violation, precondition
from upecho.processes.server_process import Launch
from upecho.serving.target import Kind
from upecho.support.tracebacks import important_lines


class Launcher:
    """Provides the servers of one target over one family, for one check after another.

    One server is shared by the checks that do not need one of their own. It is replaced after a failed check and when
    it has stopped serving.

    Attributes:
        starter: Starts the servers.
        log: Events of the current check.
        budget: The time that failed checks have taken.
        declared: What the target declares not to support.
        background: The checks that run in the background.
    """

    def __init__(self, starter: Starter, *, run_all: bool = False, standstills: Standstills | None = None) -> None:
        """Prepare to provide servers; none is started yet.

        Args:
            starter: Starts the servers.
            run_all: Whether every check is run, even if the target answers nothing or failed checks take long.
            standstills: Notices when this process did not run; None means that nothing does.
        """
        self.starter = starter
        self.budget = Budget(limited=not run_all)
        self.log = Log()
        self.declared = Declarations(starter.target, starter.family, self.shared_server)
        self.background = BackgroundChecks(lambda: self._start(starter.launch()), starter.target.max_clients)
        self._target = starter.target
        self._run_all = run_all
        self._standstills = standstills
        self._shared: Server | None = None
        self._served: list[str] = []  # ids of the checks that have used the shared server
        self._started: list[Server] = []
        self._stderr = StderrAccount()
        self._check: Check
        self._is_worth_running = False  # the current check
        self._turn = self.log  # begins with the turn of the current check; that of a background check begins earlier
        self._max_clients: int | None = None

    def begin_check(self, check: Check) -> None:
        """Begin a new log and a new account of stderr."""
        self.log = Log(self.budget)
        self._turn = self.log
        self._check = check
        self._is_worth_running = False
        # A check with more clients than the target declares to serve shows something only if it connects all of them.
        self._max_clients = None if self.declared.takes_too_many(check) else self._target.max_clients
        for server in self.servers():
            server.begin_check(self.log, self._max_clients)

    def standstill_seconds(self) -> float:
        """Return for how long this process did not run at a time during the current check; 0 if it always did."""
        return self._standstills.longest(self.log.age_seconds()) if self._standstills else 0.0

    @contextlib.contextmanager
    def blaming_standstill(self) -> Iterator[None]:
        """Turn a violation into an error if this process did not run for a while.

        Raises:
            HarnessError: The server has violated a requirement, and this process did not run for a while.
        """
        try:
            yield
        except Violation:
            if seconds := self.standstill_seconds():
                raise standstill(seconds) from None
            raise

    def begin_again(self) -> None:
        """Begin the current check again, with new servers, as if it had not begun before."""
        for server in self.servers():
            server.disconnect()
        while self._started:
            self._started.pop().process.child.close()
        self.discard_shared()
        self.begin_check(self._check)
        self._is_worth_running = True

    def expect_worth_running(self) -> None:
        """Expect that the target answers its first client, and that failed checks have not taken too long.

        Raises:
            Violation: The target does not answer, and the current check is the one about that.
            NotReached: The target does not answer, or not with an echo, or there is no time for the check.
        """
        if not self._run_all:
            if self._obstacle:
                self._obstacle.expect_irrelevant_for(self._check)
            if self.budget.is_spent:
                raise OutOfTime(self.budget)
        self._is_worth_running = True

    @functools.cached_property
    def _obstacle(self) -> Obstacle | None:
        """What keeps most checks from being worth running: the first client is not answered correctly."""
        try:
            with self.blaming_standstill():
                obstacle = wrong_echo(self.shared_server())
        except Violation as violation:
            return Obstacle.silence(explained(violation, self.servers()))
        try:
            self.shared_server().expect_still_serving()
            self.shared_server().let_finish()
        except Violation:  # it serves one client and ends, which is for the checks to find
            self.discard_shared()
        self._collect_stderr(ANSWER_CHECK)
        self._served.clear()
        self.begin_check(self._check)
        return obstacle

    def expect_still_serving(self) -> None:
        """Expect that every server that the check has used, unless it was told to end, still answers.

        A check that a dead server passes has proved nothing, and a damaged server must not fail the next check.

        Raises:
            NotReached: A server does not answer.
        """
        with precondition("a server that still answers after the check"):
            for server in self.servers():
                if server is not self._shared or self._check.id in self._served:
                    server.expect_still_serving()

    def may_run_in_background(self, check: Check) -> bool:
        """Whether a check spends its time waiting and can have a server of its own for that.

        A server that the user started may serve only one client at a time. A check that is not scored comes last, so
        that nothing that it does to a server affects another check.
        """
        is_ours = self._target.kind is not Kind.ADDRESS and check.level is not Level.LATER
        return check.background and is_ours and self.declared.unsupported_reason(check) is None

    def finish_background(self) -> bool:
        """Wait for the current check if it runs in the background, and return whether it did.

        Raises:
            Exception: What the check has raised, such as a violation.
        """
        running = self.background.pop(self._check)
        if running:
            self.log = running.log
            self._started.append(running.server)
            running.join()
            running.server.begin_check(self._turn, self._target.max_clients)  # what follows is not part of it
        return running is not None

    def end_check(self, *, failed: bool) -> None:
        """Disconnect all clients, end the servers of this check, and the shared one too if it may be damaged."""
        for server in self.servers():
            server.disconnect()
        self._collect_stderr(self._check.id)
        while self._started:
            self._started.pop().process.child.close()
        if failed:
            self.budget.charge(self._check.id, self._turn.age_seconds())
        if failed or self.log.is_abandoned:
            self.discard_shared()

    def earlier_checks(self) -> list[str]:
        """Return the ids of the earlier checks that may have led to a failure of this one.

        They are the checks that the shared server had served before, if this one uses it, or those whose stderr this
        one judges.
        """
        judged = self._stderr.checks() if self._check.runs_last else []
        served = self._served if self._check.id in self._served else []
        return [check for check in dict.fromkeys([*judged, *served]) if check != self._check.id]

    def stderr(self) -> list[str]:
        """Return the lines that matter of what the servers have written to stderr during this check."""
        return [line for server in self.servers() for line in important_lines(server.stderr_during_check())]

    def explained(self, violation: Violation) -> Violation:
        """Return a violation that says if the server has ended by itself, because that explains everything else.

        A check that was not worth running has used no server.
        """
        return explained(violation, self.servers()) if self._is_worth_running else violation

    def expect_no_errors_on_stderr(self) -> None:
        """Expect that no server of this launcher has written an error report since it was ready."""
        self._collect_stderr(self._check.id)
        self._expect_none(self._stderr.errors())

    def expect_silence_on_stderr(self) -> None:
        """Expect that no server of this launcher has written anything from when it was ready until it had to stop."""
        self._collect_stderr(self._check.id)
        self._expect_none(self._stderr.anything())

    def _expect_none(self, written: Written | None) -> None:
        """Expect that nothing was found on stderr; forget the clients of this check if another one led to it."""
        if written:
            if written.check != self._check.id:
                self.log = Log()
            raise written.violation

    def _collect_stderr(self, check: str) -> None:
        """Collect what the servers have written to stderr since the last time, as written during a check."""
        for server in self.servers():
            if server.stderr:
                server.stderr.collect(check)

    def shared_server(self) -> Server:
        """Return the server that one check after another talks to; start it if there is none."""
        if self._shared and self._target.kind is not Kind.ADDRESS and not self._shared.process.child.is_alive():
            self.discard_shared()
        if self._shared is None:
            self._shared = self._start_shared()
            self._shared.begin_check(self.log, self._max_clients)
        if self._check.id not in self._served:
            self._served.append(self._check.id)
        return self._shared

    def _start_shared(self) -> Server:
        if self._target.kind is Kind.ADDRESS:
            return Server(self._target.address())
        judges_that = self._check.id == ANSWER_CHECK
        with contextlib.nullcontext() if judges_that else precondition("a server that starts"):
            return self._start(self.starter.launch())

    def discard_shared(self) -> None:
        """End the shared server, so that the next check gets a new one; one at an address goes on, with its history."""
        if self._shared:
            self._shared.disconnect()
        if self._shared and self._target.kind is not Kind.ADDRESS:
            self._shared.process.child.close()
            self._served = []
        self._shared = None

    def start(
        self,
        address: str | None = None,
        *,
        grace: float = GRACE_SECONDS,
        descriptors: int | None = None,
        umask: int | None = None,
        prefix: Sequence[str] = (),
    ) -> Server:
        """Start a server for one check alone.

        Args:
            address: Where it has to listen; None means at a new address.
            grace: Seconds that an implementation gives its clients after the stop.
            descriptors: Number of descriptors that it may open; None means as many as this process.
            umask: Its file mode creation mask; None means that of this process.
            prefix: A program and arguments that execute the command which follows them.
        """
        launch = self.starter.launch(address, grace=grace, descriptors=descriptors)
        server = self._start(replace(launch, umask=umask, prefix=prefix))
        self._started.append(server)
        server.begin_check(self.log, self._max_clients)
        return server

    def _start(self, launch: Launch) -> Server:
        server = self.starter.start(launch)
        if server.stderr and launch.descriptors is None:  # with few descriptors, a server may complain of it
            self._stderr.add(server.stderr)
        return server

    def servers(self) -> list[Server]:
        """Return the servers that run, or were started for the current check."""
        return [*([self._shared] if self._shared else []), *self._started]
