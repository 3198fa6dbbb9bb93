"""An implementation as it is loaded by its name: what it is called with, and what its module declares."""

import functools
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from upecho.serving import limits, registry
from upecho.serving.loading import declarations
from upecho.serving.loading.declarations import Declared
from upecho.serving.loading.importing import import_object, make_current_directory_importable
from upecho.serving.loading.loops import load_loop, loop_families
from upecho.support.errors import CallerError, Unavailable


class Implementation(NamedTuple):
    """A loaded implementation, ready to be called.

    Attributes:
        serve: The callable ``serve(listener, stop)``.
        declared: What its module declares that matters before it is started.
        calls_ready: Whether it announces itself that clients can connect.
        naive: Whether it ignores the stop.
        summary: Its I/O model in a few words, from its registration or its docstring.
    """

    serve: Callable[..., None]
    declared: Declared = Declared()
    calls_ready: bool = False
    naive: bool = False
    summary: str = ""


def load_implementation(text: str) -> Implementation:
    """Import the implementation that ``NAME``, ``NAME+LOOP`` or ``module:attribute[+LOOP]`` stands for.

    Raises:
        CallerError: No implementation has that name, the attribute does not exist or is not a server, or its module
            declares something impossible.
        Unavailable: A package that it needs is not installed, or this Python is too old for it.
        Unusable: Its module fails at import.
    """
    name, plus, loop = text.partition("+")
    row = registry.find(name)
    if reason := limits.python(row.since):
        raise Unavailable(reason, subject=name)
    if ":" in text:
        make_current_directory_importable()
    serve = import_object(row.location, name)
    if plus or name not in registry.BUILT_IN_NAMES:
        _expect_server(serve, name, with_loop=bool(plus))
    module = sys.modules[row.module]
    families = declarations.families(module, name)
    if plus:
        serve = functools.partial(serve, loop_factory=load_loop(loop))
        families &= loop_families(loop)
    summary = row.summary or (serve.__doc__ or module.__doc__ or "").strip().partition("\n")[0]
    declared = Declared(
        families=families,
        max_clients=declarations.max_clients(module, name),
        logs=declarations.logs(module, name),
        grace=declarations.grace(module, name),
    )
    calls_ready = declarations.calls_ready(module)
    return Implementation(serve, declared, calls_ready=calls_ready, naive=row.naive, summary=summary)


def _expect_server(serve: Any, name: str, *, with_loop: bool) -> None:
    """Verify that an object is a server and, if the user chose an event loop, takes one."""
    from upecho.serving.loading import signature  # noqa: PLC0415 (slow, and a built-in server never needs it)

    signature.expect_server(serve, name)
    if with_loop and not signature.takes_loop(serve):
        raise CallerError(f"{name} does not use an event loop", hint=f"write {name} without one")
