"""The event loops that a server can be told to use: importing one, and which families it supports."""

import importlib.util
import sys
from collections.abc import Callable
from typing import Any, cast

from upecho.net.address import Family
from upecho.serving.loading import declarations
from upecho.serving.loading.importing import described, import_object
from upecho.serving.registry import LOOPS
from upecho.support.errors import CallerError, Unusable
from upecho.support.text import unknown_name

# Packages whose documentation says that their loops lack Unix sockets, unless they declare FAMILIES.
WITHOUT_UNIX_SOCKETS = frozenset({"rloop", "veloxloop"})


def is_installed(loop: str) -> bool:
    """Return whether the package of a loop from ``LOOPS`` is installed, without importing it."""
    return importlib.util.find_spec(LOOPS[loop].partition(":")[0]) is not None


def load_loop(name: str) -> Callable[[], Any]:
    """Import an event loop and return its factory.

    Args:
        name: A name from ``LOOPS``, or ``module:factory``.

    Raises:
        CallerError: No loop has that name, or it is not a factory.
        Unavailable: Its package is not installed.
        Unusable: Its module fails at import.
    """
    if ":" not in name and name not in LOOPS:
        raise CallerError(_unknown_loop(name))
    factory = import_object(LOOPS.get(name, name), name)
    if not callable(factory):
        raise CallerError(f"{type(factory).__name__} is not callable", subject=f"not a loop factory: {name}")
    return cast(Callable[[], Any], factory)


def expect_loop(name: str) -> None:
    """Make sure that the factory of an event loop returns one. The loop is left open.

    Args:
        name: A name from ``LOOPS``, or ``module:factory``.

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
    module = LOOPS.get(name, name).partition(":")[0]
    if module.partition(".")[0] in WITHOUT_UNIX_SOCKETS and not hasattr(sys.modules[module], "FAMILIES"):
        return frozenset(family for family in Family if not family.is_unix)
    return declarations.families(sys.modules[module], name)


def _unknown_loop(name: str) -> str:
    """Return the message that no loop has a name; a module of that name may well have a factory."""
    if name.isidentifier() and name != "__main__" and importlib.util.find_spec(name):
        return f"unknown loop {name!r}; to use the module {name}, write its factory, as in {name}:new_event_loop"
    return unknown_name("loop", name, LOOPS, "module:factory")
