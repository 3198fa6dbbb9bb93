"""The C extension, which exists only where it could be built."""

from types import ModuleType

from upecho.support.errors import Unavailable

REASON = "it needs upecho's C extension, which was not built"
HINT = "install a C compiler and Python's header files (Debian: apt install gcc python3-dev), then reinstall upecho"


def require(user: str) -> ModuleType:
    """Import the extension and return it.

    Args:
        user: What needs the extension, for the error message.

    Raises:
        Unavailable: The extension was not built.
    """
    try:
        from upecho.support import _native  # noqa: PLC0415 (it may be missing)
    except ImportError:
        raise Unavailable(REASON, subject=user, hint=HINT) from None
    return _native
