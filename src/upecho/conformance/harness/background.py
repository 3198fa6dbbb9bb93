"""A check that spends its time waiting, and therefore runs in a thread while other checks run."""

from collections.abc import Callable

from upecho.conformance.harness.server import Server
from upecho.conformance.harness.violation import Log
from upecho.processes.starting import start_thread


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
