"""Tells one server process to stop, and says how it was told and how it ended."""

import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from upecho.conformance.harness.clients.connection import TIMEOUT_SECONDS
from upecho.conformance.harness.violation import Violation
from upecho.processes.ending import ending
from upecho.processes.handling import Handling
from upecho.processes.server_process import HANDLER_SECONDS, ServerProcess
from upecho.serving.stop_signals import STOP_SIGNALS
from upecho.support import timeouts
from upecho.support.text import plural

SHELL_STATUS = 128  # what a shell adds to the number of the signal that ended its child


class Shutdown:
    """The end of one server process, as a check requests it.

    Attributes:
        request: How the server was told to stop, as a clause such as ``SIGTERM was sent to it``; empty if it was not.
    """

    def __init__(self, process: ServerProcess) -> None:
        """Begin when the server is ready."""
        self.request = ""
        self._process = process
        self._handling: dict[int, Handling] = {}  # what becomes of a signal, once a handler for it was waited for
        self._number: int | None = None  # of the signal that was sent
        self._accepted = {0}  # exit statuses of a clean end

    def await_handler(self, number: signal.Signals) -> None:
        """Wait until the server has a handler for a signal, as far as that can be seen, but not for ever."""
        if number not in self._handling:
            self._handling[number] = self._process.await_handler(number)

    def prepare(self, number: signal.Signals, *, group: bool, thread: int | None) -> None:
        """Wait for a handler, and note what is about to be sent.

        Args:
            number: The signal.
            group: Whether every process of the group will receive it.
            thread: Id of the thread that will receive it; None means that the kernel chooses one.
        """
        self.await_handler(number)
        handling = self._handling[number]
        self._number = number
        if handling.is_handled and handling.is_wrapped:
            # A wrapper passes the signal on, so the server may receive it twice, the second time when it has already
            # answered everything and its interpreter has removed its handlers. A wrapper may pass another signal on,
            # and report the end of the server as its own.
            self._accepted = {0, *(-one for one in STOP_SIGNALS), *(SHELL_STATUS + one for one in STOP_SIGNALS)}
        receiver = self._group(number) if group else f"its thread {thread}, not the main thread" if thread else "it"
        self.request = f"{number.name} was sent to {receiver}"

    def send(self, number: signal.Signals, *, group: bool, thread: int | None) -> None:
        """Send a signal; the arguments are those of ``prepare``."""
        if group:
            self._process.signal_group(number)
        elif thread:
            self._process.signal_thread(thread, number)
        else:
            self._process.child.send_signal(number)

    @property
    def limit(self) -> str:
        """How long the end is waited for, in words."""
        grace, reserve = self._process.launch.grace, timeouts.scaled(TIMEOUT_SECONDS)
        return f"{grace + reserve:g} s (a grace of {grace:g} s and {reserve:g} s to spare)"

    def wait(self, most: float = math.inf) -> int | None:
        """Wait for the end for as long as ``limit`` says; return the exit status, or None if the server runs on.

        Args:
            most: Seconds that the wait may take at most.
        """
        return self._process.child.wait(min(self._process.launch.grace + timeouts.scaled(TIMEOUT_SECONDS), most))

    def expect_clean(self, status: int | None) -> None:
        """Expect that ``wait`` has returned exit status 0, or what a second signal leads to below a wrapper."""
        if status not in self._accepted:
            seen = "it is still running" if status is None else self._ending(status)
            raise Violation(f"exit status 0 within {self.limit} after {self.request}", seen)

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Add to a violation in the block how the server was told to stop."""
        try:
            yield
        except Violation as violation:
            violation.seen += f", after {self.request}"
            raise

    def _group(self, number: signal.Signals) -> str:
        count = len(self._process.without_handler(number))
        return "its process group" + (f", in which {plural(count, 'member')} had no handler for it" if count else "")

    def _ending(self, status: int) -> str:
        handled = self._handling[self._number].is_handled if self._number else None
        if status < 0 and handled is False:
            window = timeouts.scaled(HANDLER_SECONDS)
            return f"{ending(status)} (it had installed no handler for it {window:g} s after it was ready)"
        if handled and self._number == -status == signal.SIGINT:
            like = "as Python does if KeyboardInterrupt is not caught"
            return f"it ended itself with SIGINT, for which it had a handler, {like}"
        return ending(status)
