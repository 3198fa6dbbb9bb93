"""Lets SIGTERM and SIGHUP interrupt a command like Ctrl-C does, and undoes what was inherited from the caller.

A command that is interrupted in this way can keep its results so far.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def accept_signals() -> None:
    """Undo what the caller may have done to the signals of this process, because it would break what the process does.

    A server could not be stopped if the signals for that were blocked, and exit statuses of children are lost while
    SIGCHLD is ignored. That SIGINT, SIGTERM or SIGHUP is ignored stays so: nohup(1) and the shells mean it.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


class TerminatedBySignal(KeyboardInterrupt):
    """The process received a signal that asks it to end.

    Attributes:
        exit_status: The status that a shell reports for a program killed by this signal: 128 plus its number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"terminated by {signal.Signals(number).name}")
        self.exit_status = 128 + number


@contextmanager
def as_interrupts() -> Iterator[None]:
    """Raise TerminatedBySignal for SIGTERM and SIGHUP, except where the process was started with them ignored."""
    numbers = [number for number in INTERRUPTING_SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in numbers:
        signal.signal(number, _terminate)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def _terminate(number: int, _frame: object) -> None:
    raise TerminatedBySignal(number)
