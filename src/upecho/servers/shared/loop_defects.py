"""Defects of an event loop that keep a server from starting, each reported in one sentence that names the loop."""

import asyncio
import contextlib
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from upecho.net.address import Address
from upecho.support.errors import TargetError


def expect_methods(loop: asyncio.AbstractEventLoop, *names: str) -> None:
    """Expect that a loop has methods, and does not inherit them from the abstract class, where they do nothing.

    Raises:
        TargetError: It lacks one.
    """
    for name in names:
        is_stub = getattr(type(loop), name, None) is getattr(asyncio.AbstractEventLoop, name)
        if is_stub or not callable(getattr(loop, name, None)):
            raise _lacking(loop, f"{name}()")


@contextmanager
def naming_missing_methods(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Report a method that turns out to be missing during the ``with`` block by its name.

    Raises:
        TargetError: A method of the loop, or of something that it has made, is not implemented.
    """
    try:
        yield
    except NotImplementedError as error:
        raise _lacking(loop, _raised_in(error)) from None
    except AttributeError as error:
        if error.obj is not loop:
            raise
        raise _lacking(loop, f"{error.name}()") from None


def expect_address(server: asyncio.Server, address: Address) -> None:
    """Expect that a server listens at the address of the listener that its loop was given.

    Raises:
        TargetError: It listens elsewhere. A loop that does not tell where is not accused.
    """
    actual = list(filter(None, map(_address, getattr(server, "sockets", None) or ())))
    if actual and address not in actual:
        where = ", ".join(map(str, actual))
        raise TargetError(f"{_named(server.get_loop())} listens on {where} although it was given a socket on {address}")


def _address(listener: Any) -> Address | None:
    """Return the address of an object like a socket; None if it does not tell."""
    with contextlib.suppress(OSError, AttributeError, TypeError, LookupError, NotImplementedError):
        return Address.of(listener)
    return None


def _raised_in(error: NotImplementedError) -> str:
    """Return the method of a loop in which an exception was raised, or else the line that needed one."""
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if hasattr(asyncio.AbstractEventLoop, frame.name):
            return f"{frame.name}()"
    return f"what this line needs: {frames[-1].line}"


def _lacking(loop: asyncio.AbstractEventLoop, what: str) -> TargetError:
    return TargetError(f"{_named(loop)} does not implement {what}")


def _named(loop: asyncio.AbstractEventLoop) -> str:
    return f"the event loop {type(loop).__module__}.{type(loop).__qualname__}"
