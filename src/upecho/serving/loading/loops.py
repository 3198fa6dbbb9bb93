"""The event loops that a server can be told to use: what keeps one from being used here, and importing one."""

import contextlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from typing import Any, cast

from upecho.net.address import Family
from upecho.serving import limits
from upecho.serving.loading import declarations
from upecho.serving.loading.importing import described, import_object
from upecho.serving.loops import ALL, Loop, find, registered
from upecho.support.errors import CallerError, Unavailable, Unusable
from upecho.support.text import unknown_name


def is_installed(row: Loop) -> bool:
    """Return whether the packages of a loop are installed, without importing them."""
    return not _missing(row)


def expect_available(row: Loop) -> None:
    """Make sure that this system has what a loop needs, without importing it.

    Raises:
        Unavailable: The system lacks something that the loop needs, or a package is not installed.
    """
    if reason := next(filter(None, (missing() for missing in row.needs)), ""):
        raise Unavailable(reason, subject=row.name)
    missing = _missing(row)
    if not missing:
        return
    reason = limits.wheels(row.since, row.until) or (limits.glibc(row.glibc) if row.glibc else "")
    if reason:
        raise Unavailable(reason, subject=row.name)
    raise Unavailable("not installed", subject=row.name, hint=f"run pip install {' '.join(missing)}")


def _missing(row: Loop) -> list[str]:
    return [package for package in row.packages if importlib.util.find_spec(package) is None]


def load_loop(name: str) -> Callable[[], Any]:
    """Import an event loop and return its factory.

    Args:
        name: A name from ``upecho.serving.loops``, or ``module:factory``.

    Raises:
        CallerError: No loop has that name, or what is at the location that the user gave is not a factory.
        Unavailable: This system lacks something that it needs, or its package is not installed.
        Unusable: Its module fails at import, or no factory is where the row of a loop with a name says.
    """
    row = _row(name)
    expect_available(row)
    with _blaming_the_row(row, name):
        factory = import_object(row.location, name)
        if not callable(factory):
            raise CallerError(f"{type(factory).__name__} is not callable", subject=f"not a loop factory: {name}")
    return cast(Callable[[], Any], factory)


@contextlib.contextmanager
def _blaming_the_row(row: Loop, name: str) -> Iterator[None]:
    """Turn an error of the caller into one of the loop if the caller gave its name and not its location."""
    try:
        yield
    except CallerError as error:
        if row.location == name or isinstance(error, Unusable):
            raise
        raise Unusable(error.detail, subject=name) from None


def expect_loop(name: str) -> None:
    """Make sure that the factory of an event loop returns one. The loop is left open.

    Args:
        name: A name from ``upecho.serving.loops``, or ``module:factory``.

    Raises:
        CallerError: As for ``load_loop``.
        Unusable: The factory raises an exception, or what it returns cannot run a coroutine.
    """
    factory = load_loop(name)
    try:
        loop = factory()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 (foreign code may raise anything)
        raise Unusable(f"its factory failed: {described(error)}", subject=name) from None
    if not callable(getattr(loop, "run_until_complete", None)):
        raise Unusable(f"its factory returned {loop!r:.60}, which is not an event loop", subject=name)


def loop_families(name: str) -> frozenset[Family]:
    """Return the families that a loop, which has been loaded, declares to support, or is documented to support."""
    row = _row(name)
    module = sys.modules[row.location.partition(":")[0]]
    with _blaming_the_row(row, name):
        return declarations.families(module, name) if hasattr(module, "FAMILIES") else row.families


def _row(name: str) -> Loop:
    """Return the row of a loop.

    Raises:
        CallerError: No loop has that name.
    """
    if name == ALL:
        raise CallerError(f"+{ALL} stands for several event loops", hint="only targets of check and bench may have it")
    if row := find(name):
        return row
    raise CallerError(_unknown_loop(name))


def _unknown_loop(name: str) -> str:
    """Return the message that no loop has a name; a module of that name may well have a factory."""
    if name.isidentifier() and name != "__main__" and importlib.util.find_spec(name):
        return f"unknown loop {name!r}; to use the module {name}, write its factory, as in {name}:new_event_loop"
    return unknown_name("loop", name, [row.name for row in registered()], "module:factory")
