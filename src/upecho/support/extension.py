"""The C extension, which is there only where it could be built."""

from types import ModuleType

from upecho.support.errors import Unavailable

REASON = (
    "it needs upecho's C extension, which was not built; install upecho again where there are a C compiler and "
    "Python's header files (Debian: apt install gcc python3-dev)"
)


def load(name: str) -> ModuleType:
    """Return the extension; ``name`` is who needs it.

    Raises:
        Unavailable: it was not built.
    """
    try:
        from upecho.support import _native  # noqa: PLC0415 (it may be missing)
    except ImportError:
        raise Unavailable(f"{name} is unavailable: {REASON}") from None
    return _native
