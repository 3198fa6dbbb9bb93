"""Checks that spend their time waiting, and therefore run in a thread while other checks run."""

from collections.abc import Callable

from upecho.conformance.check import Check
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import Log, Violation
from upecho.processes.refusals import start_thread


class BackgroundCheck:
    """A check that has been started in a thread.

    Attributes:
        server: The server that only this check uses.
        log: The events of the check.
    """

    def __init__(self, function: Callable[[Server], object], server: Server, log: Log) -> None:
        """Start the thread.

        Raises:
            HarnessError: The system refuses another thread.

        Args:
            function: The check.
            server: Its server, which nothing else uses.
            log: Where the server notes events.
        """
        self.server = server
        self.log = log
        self._function = function
        self._failure: Exception | None = None
        self._thread = start_thread(self._run)

    def _run(self) -> None:
        try:
            self._function(self.server)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is raised again when the turn of the check comes)
            self._failure = error

    def join(self) -> None:
        """Wait for the end of the check.

        Raises:
            Exception: What the check has raised, such as a violation.
        """
        self._thread.join()
        if self._failure:
            raise self._failure


class BackgroundChecks:
    """The background checks of one target over one family whose turn has not come yet."""

    def __init__(self, start: Callable[[], Server], max_clients: int | None) -> None:
        """Prepare to start checks; none is started yet.

        Args:
            start: Starts a server.
            max_clients: Number of clients that a server serves at the same time; None means any number.
        """
        self._start = start
        self._max_clients = max_clients
        self._running: dict[str, BackgroundCheck | Violation] = {}  # by the id of the check

    def start(self, check: Check, function: Callable[[Server], object]) -> None:
        """Start a check with a server of its own.

        Args:
            check: The description of the check.
            function: The check itself.
        """
        try:
            server = self._start()
        except Violation as violation:
            self._running[check.id] = violation
            return
        log = Log()
        server.begin_check(log, self._max_clients)
        self._running[check.id] = BackgroundCheck(function, server, log)

    def pop(self, check: Check) -> BackgroundCheck | None:
        """Return a check that was started, whose turn has come; None if it was not started.

        Raises:
            Violation: Its server has not started.
        """
        running = self._running.pop(check.id, None)
        if isinstance(running, Violation):
            raise running
        return running

    def discard(self) -> None:
        """End the servers of the checks whose turn never came."""
        for running in self._running.values():
            if isinstance(running, BackgroundCheck):
                running.server.process.child.close()
        self._running.clear()
