"""The words for how a process ended, wherever that is reported."""

import signal

from upecho.serving.target import Kind, Target


def ending(status: int) -> str:
    """Return an exit status as a noun phrase, such as ``exit status 1`` or ``killed by SIGSEGV``."""
    return f"exit status {status}" if status >= 0 else f"killed by {_signal_name(-status)}"


def ended(status: int | None) -> str:
    """Return an exit status as the predicate of a sentence, such as ``was killed by SIGSEGV``.

    Args:
        status: The exit status, negative for a signal; None if the pipe from the process has ended before it.
    """
    if status is None:
        return "closed its stdout and did not exit,"
    return f"{'was' if status < 0 else 'ended with'} {ending(status)}"


def foreground_hint(status: int, target: Target) -> str:
    """Return what to add to the end of a server that nothing asked to end, such as a command that became a daemon."""
    is_daemon = target.kind is Kind.COMMAND and status == 0
    return "; a command must stay in the foreground" if is_daemon else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
