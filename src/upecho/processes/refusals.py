"""What a refusal of the system to start a process or a thread means, and how to start a thread of this process."""

import threading
from collections.abc import Callable

from upecho.processes import rlimits
from upecho.support.errors import HarnessError


def cannot_start(reason: str | None, what: str = "a process") -> HarnessError:
    """Return the error that the system refuses another process or thread.

    Args:
        reason: Why it refuses.
        what: What it refuses.
    """
    return HarnessError(str(reason), subject=f"cannot start {what}", hint=rlimits.process_hint())


def start_thread(target: Callable[..., object], *arguments: object) -> threading.Thread:
    """Start a daemon thread.

    Raises:
        HarnessError: The system refuses another thread.
    """
    thread = threading.Thread(target=target, args=arguments, daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        raise cannot_start(str(error), "a thread") from None
    return thread
