"""Names of implementations and loops: what there is, what is available here, and how to load it."""

import functools
import importlib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, cast

from upecho.net.address import Family
from upecho.support.errors import CallerError, Unavailable
from upecho.support.text import unknown_name

ENTRY_POINTS = "upecho.servers"
NOT_FOREIGN = sys.stdlib_module_names | {"upecho"}  # packages in which no reader would look for the mistake


@dataclass(frozen=True)
class Implementation:
    """One row of the table of servers.

    Attributes:
        name: what users call it.
        location: where its ``serve`` is, as ``module:attribute``.
        summary: its I/O model in a few words.
        naive: shown for what it gets wrong: left out of default runs, and deaf to a stop.
    """

    name: str
    location: str
    summary: str = ""
    naive: bool = False


BUILT_IN = (
    Implementation("blocking", "upecho.servers.blocking:serve", "one client after another, one thread"),
    Implementation("threads", "upecho.servers.threads:serve", "a thread for each connection"),
    Implementation("thread-pool", "upecho.servers.thread_pool:serve", "a fixed number of threads"),
    Implementation("socketserver", "upecho.servers.socketserver:serve", "the standard library's threading server"),
    Implementation("selectors", "upecho.servers.selectors:serve", "one thread, a readiness loop"),
    Implementation("asyncio", "upecho.servers.asyncio_streams:serve", "asyncio streams"),
    Implementation("asyncio-protocol", "upecho.servers.asyncio_protocol:serve", "asyncio callbacks on a transport"),
    Implementation("asyncio-buffered", "upecho.servers.asyncio_buffered:serve", "asyncio BufferedProtocol"),
    Implementation("asyncio-sock", "upecho.servers.asyncio_sock:serve", "asyncio loop.sock_* on plain sockets"),
    Implementation("prefork", "upecho.servers.prefork:serve", "several processes, a readiness loop each"),
    Implementation("native", "upecho.servers.native:serve", "one thread, a readiness loop in C: the baseline"),
    Implementation("textbook", "upecho.servers.textbook:serve", "one client, one recv, one send: a lesson", naive=True),
)

LOOPS = {"asyncio": "asyncio:new_event_loop", "uvloop": "uvloop:new_event_loop"}


@dataclass(frozen=True)
class Server:
    """An implementation, loaded: ready to be called.

    Attributes:
        serve: the callable ``serve(listener, stop)``.
        max_clients: how many clients it serves at once; None means as many as there are descriptors.
        families: the socket families that it declares to serve.
        naive: whether it ignores the stop.
        summary: its I/O model in a few words, from the table or from its documentation.
    """

    serve: Callable[..., None]
    max_clients: int | None = None
    families: frozenset[Family] = frozenset(Family)
    naive: bool = False
    summary: str = ""


def implementations() -> tuple[Implementation, ...]:
    """Return the built-in implementations and those that other packages add through entry points."""
    from importlib.metadata import entry_points  # noqa: PLC0415 (slow; a built-in server never needs it)

    added = (
        Implementation(point.name, point.value.partition("[")[0].strip())  # "module:attribute [extra]" is allowed
        for point in entry_points(group=ENTRY_POINTS)
    )
    return BUILT_IN + tuple(added)


def find(name: str) -> Implementation:
    """Return what ``NAME`` or ``module:attribute`` stands for, without loading it.

    Raises:
        CallerError: nothing has that name; the message suggests the nearest.
    """
    if ":" in name:
        return Implementation(name, name)
    for row in BUILT_IN:
        if row.name == name:
            return row
    rows = implementations()
    for row in rows:
        if row.name == name:
            return row
    raise CallerError(unknown_name("implementation", name, [row.name for row in rows], "module:attribute"))


def load(target: str) -> Server:
    """Load ``NAME``, ``NAME+LOOP``, ``module:attribute`` or ``module:attribute+LOOP``.

    Raises:
        CallerError: nothing has that name, the attribute does not exist or is no server, or what its module declares
            cannot be.
        Unavailable: a package it needs is not installed.
    """
    name, plus, loop = target.partition("+")
    row = find(name)
    if ":" in target:
        _import_from_here()
    serve = _load_object(row.location, name)
    if not callable(serve):
        raise CallerError(f"not a server: {name} is {type(serve).__name__}, not a callable serve(listener, stop)")
    _expect_terms(serve, name)
    module = sys.modules[row.location.partition(":")[0]]
    if plus:
        if "loop_factory" not in inspect.signature(serve).parameters:
            raise CallerError(f"{name} runs on no event loop, so +{loop} means nothing to it")
        serve = functools.partial(serve, loop_factory=load_loop(loop))
    summary = row.summary or (inspect.getdoc(serve) or module.__doc__ or "").strip().partition("\n")[0]
    return Server(serve, _max_clients(module, name), _families(module, name), row.naive, summary)


def _max_clients(module: ModuleType, name: str) -> int | None:
    declared = getattr(module, "MAX_CLIENTS", None)
    if declared is not None and (type(declared) is not int or declared < 1):
        raise CallerError(f"{name}: MAX_CLIENTS is {declared!r}; it must be a whole number, at least 1")
    return declared


def _families(module: ModuleType, name: str) -> frozenset[Family]:
    declared = getattr(module, "FAMILIES", None)
    if declared is None:
        return frozenset(Family)
    known = [family.value for family in Family]
    are_some = isinstance(declared, (tuple, list, set, frozenset)) and declared
    if not are_some or any(one not in known for one in declared):
        right = f"it must be a tuple with some of {', '.join(map(repr, known))}"
        raise CallerError(f"{name}: FAMILIES is {declared!r}; {right}")
    return frozenset(map(Family, declared))


def load_loop(name: str) -> Callable[[], Any]:
    """Return the factory of an event loop: a name from the table, or ``module:factory``.

    Raises:
        CallerError: nothing has that name, or it is no factory.
        Unavailable: the package is not installed.
    """
    if ":" not in name and name not in LOOPS:
        raise CallerError(unknown_name("loop", name, LOOPS))
    factory = _load_object(LOOPS.get(name, name), name)
    if not callable(factory):
        raise CallerError(f"not a loop factory: {name} is {type(factory).__name__}, not a callable")
    return cast(Callable[[], Any], factory)


def _expect_terms(serve: Callable[..., Any], name: str) -> None:
    """Make sure that a function takes what each server is called with."""
    try:
        signature = inspect.signature(serve)
    except ValueError:  # as of some that are written in C
        return
    try:
        signature.bind("listener", "stop")
    except TypeError:
        raise CallerError(f"not a server: {name}{signature} cannot be called as serve(listener, stop)") from None


def _import_from_here() -> None:
    """Find ``module:attribute`` in the current directory too; ``python -m`` looks there, a script does not.

    The standard library stays in front: the directory of a lesson may well hold a selectors.py, and which modules are
    imported by now, and cannot be shadowed any more, differs between versions.
    """
    if not {"", str(Path.cwd())} & set(sys.path):
        standard = str(Path(inspect.__file__).parent)
        places = [
            place for place, directory in enumerate(sys.path) if directory in (standard, f"{standard}/lib-dynload")
        ]
        sys.path.insert(max(places, default=-1) + 1, str(Path.cwd()))


def _load_object(location: str, name: str) -> Any:
    module_name, _, attribute = location.partition(":")
    if not all(part.isidentifier() for part in f"{module_name}.{attribute}".split(".")):
        raise CallerError(f"not module:attribute: {location!r}")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise _missing(error, module_name, name) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # foreign code may raise anything
        if name in {row.name for row in BUILT_IN}:
            raise
        what = ": ".join(filter(None, (type(error).__name__, " ".join(str(error).split()))))
        raise CallerError(f"{name}: broken: {what}{_where(error.__traceback__)}") from None
    try:
        return functools.reduce(getattr, attribute.split("."), module)
    except AttributeError:
        raise CallerError(f"module {module_name} has no {attribute!r}, which {name} refers to") from None


def _where(step: TracebackType | None) -> str:
    """Return the innermost frame of foreign code, in brackets; nothing if none of it was reached."""
    where = ""
    while step:
        frame = step.tb_frame
        if str(frame.f_globals.get("__name__")).partition(".")[0] not in NOT_FOREIGN:
            where = f" ({frame.f_code.co_filename}:{step.tb_lineno})"
        step = step.tb_next
    return where


def _missing(error: ModuleNotFoundError, module_name: str, name: str) -> CallerError:
    """Tell a mistyped module from a dependency that is not installed, and both from a bug of our own."""
    lacking = error.name or module_name
    if lacking.partition(".")[0] == "upecho" and name in {row.name for row in BUILT_IN}:
        raise error
    if ":" in name and module_name.partition(".")[0] == lacking.partition(".")[0]:
        return CallerError(f"no module {lacking!r}, which {name} refers to")
    return Unavailable(f"{name} is unavailable: the package {lacking!r} is not installed (pip install {lacking})")
