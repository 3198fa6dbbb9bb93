"""The words for how a process ended, wherever that is reported."""

import signal


def ending(status: int) -> str:
    """Return an exit status as a noun phrase, such as ``exit status 1`` or ``killed by SIGSEGV``."""
    return f"exit status {status}" if status >= 0 else f"killed by {_signal_name(-status)}"


def ended(status: int) -> str:
    """Return an exit status as the predicate of a sentence, such as ``was killed by SIGSEGV``."""
    return f"was {ending(status)}" if status < 0 else f"ended with status {status}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
