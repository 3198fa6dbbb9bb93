"""Sends a signal to one thread of another process, which Python itself can do only within a process."""

import ctypes
import os

_TGKILL = getattr(ctypes.CDLL(None, use_errno=True), "tgkill", None)  # since glibc 2.30
AVAILABLE = _TGKILL is not None


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
