"""Lets other signals end a command as Ctrl-C does: what it has done so far can be kept."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

NUMBERS = (signal.SIGTERM, signal.SIGHUP)


class Ended(KeyboardInterrupt):
    """A signal has come; the exit status is what a shell reports for a program that it ended."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.exit_status = 128 + number


@contextmanager
def as_interrupts() -> Iterator[None]:
    """Raise Ended for signals that would end the process at once, but not for such as it was started to ignore."""
    numbers = [number for number in NUMBERS if signal.getsignal(number) is signal.SIG_DFL]
    for number in numbers:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, _frame: object) -> None:
    raise Ended(number)
