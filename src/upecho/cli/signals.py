"""Lets SIGTERM and SIGHUP interrupt a command like Ctrl-C does, so that it can keep its results so far."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


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
