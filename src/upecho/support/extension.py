"""The C extension, which exists only where it could be built."""

import sys
from types import ModuleType

from upecho.support.errors import Unavailable

STALE = "upecho's C extension was built from a different version of upecho"
INTERFACE = 3  # what the extension must export under this name; src/native/module.c says when it is raised
if sys.platform == "linux":
    REASON = "it needs upecho's C extension, which was not built"
    HINT = (  # pip keeps the wheel that it has built without the extension
        "install a C compiler and Python's header files (Debian: apt install gcc python3-dev), then reinstall upecho "
        "with pip's option --no-cache-dir"
    )
else:
    REASON = "it needs upecho's C extension, which exists for Linux only"
    HINT = "it is written for epoll(7) and timerfd_create(2)"


def require(user: str) -> ModuleType:
    """Import the extension and return it.

    Args:
        user: What needs the extension, for the error message.

    Raises:
        Unavailable: The extension was not built for this Python, or is left over from an older build.
    """
    try:
        from upecho.support import _native  # noqa: PLC0415 (it may be missing)
    except (ImportError, SystemError):  # the latter in a free-threaded 3.13, which finds an extension of other builds
        raise Unavailable(REASON, subject=user, hint=HINT) from None
    if getattr(_native, "INTERFACE", None) != INTERFACE:
        raise Unavailable(STALE, subject=user, hint="reinstall upecho")
    return _native
