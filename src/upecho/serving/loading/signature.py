"""How a server is called: ``serve(listener, stop)``, and with a loop factory if it uses an event loop."""

import inspect
from collections.abc import Callable
from typing import Any

from upecho.support.errors import CallerError


def expect_server(serve: Any, name: str) -> None:
    """Verify that an object can be called with the arguments that every server is called with.

    Args:
        serve: The object.
        name: How the user called it.

    Raises:
        CallerError: It is not callable, or takes other arguments.
    """
    if not callable(serve):
        raise _not_a_server(name, f"{type(serve).__name__} is not a callable serve(listener, stop)")
    try:
        signature = inspect.signature(serve)
    except ValueError:  # some callables written in C have none
        return
    try:
        signature.bind("listener", "stop")
    except TypeError:
        raise _not_a_server(name, f"it has the signature {signature}, not serve(listener, stop)") from None


def takes_loop(serve: Callable[..., Any]) -> bool:
    """Whether a server can be told which event loop to use."""
    return "loop_factory" in inspect.signature(serve).parameters


def _not_a_server(name: str, reason: str) -> CallerError:
    return CallerError(reason, subject=f"not a server: {name}")
