"""Sends a signal to one thread of another process, which Python itself can do only within a process."""

import os
from typing import Any

try:
    import ctypes
except ImportError:  # Python was built without libffi
    _TGKILL: Any = None
else:
    _TGKILL = getattr(ctypes.CDLL(None, use_errno=True), "tgkill", None)  # since glibc 2.30
AVAILABLE = _TGKILL is not None


def lacking() -> str:
    """Return that this system cannot send such a signal; empty if it can."""
    return "" if AVAILABLE else "this system cannot send a signal to a thread of another process"


def signal_thread(process: int, thread: int, number: int) -> None:
    """Send a signal to a thread: tgkill(2).

    Args:
        process: Id of the process that the thread belongs to.
        thread: Id of the thread.
        number: The signal.

    Raises:
        ProcessLookupError: There is no such thread.
    """
    assert _TGKILL
    if _TGKILL(process, thread, number) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
