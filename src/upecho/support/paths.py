"""The current directory, which may have been removed while a shell was in it."""

from pathlib import Path

from upecho.support.errors import CallerError


def current_directory() -> Path:
    """Return the path of the current directory.

    Raises:
        CallerError: It no longer exists.
    """
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise CallerError("the current directory no longer exists", hint="change to another one") from None
