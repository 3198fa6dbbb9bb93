"""The event loops that aiofastnet makes of another loop, whose networking methods it replaces."""

import asyncio
import importlib
from typing import cast

from upecho.servers.shared.event_loop import LoopFactory


def over_asyncio() -> asyncio.AbstractEventLoop:
    """Return a loop of the standard library with the networking of aiofastnet."""
    return _patched(asyncio.new_event_loop)


def over_uvloop() -> asyncio.AbstractEventLoop:
    """Return a loop of uvloop with the networking of aiofastnet."""
    return _patched(importlib.import_module("uvloop").new_event_loop)


def _patched(factory: LoopFactory) -> asyncio.AbstractEventLoop:
    make = importlib.import_module("aiofastnet").loop_factory(factory)
    return cast(asyncio.AbstractEventLoop, make())
