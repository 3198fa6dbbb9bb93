"""The implementations and event loops that have a name, and how to load one."""

import functools
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, cast

from upecho.net.address import Family
from upecho.serving.settings import MAX_GRACE
from upecho.support.errors import CallerError, Unavailable, Unusable
from upecho.support.paths import current_directory
from upecho.support.text import printable, unknown_name

ENTRY_POINTS = "upecho.servers"
NOT_FOREIGN = sys.stdlib_module_names | {"upecho"}  # packages in whose frames an author would not look for a mistake


@dataclass(frozen=True)
class Registration:
    """A name and where its implementation is found; nothing has been imported yet.

    Attributes:
        name: Name that users write.
        location: Where its ``serve`` is, as ``module:attribute``.
        summary: Its I/O model in a few words.
        naive: Whether it exists to show mistakes: it ignores the stop, and default runs skip it.
    """

    name: str
    location: str
    summary: str = ""
    naive: bool = False


BUILT_IN = (
    Registration("blocking", "upecho.servers.blocking:serve", "one client after another, one thread"),
    Registration("threads", "upecho.servers.threads:serve", "a thread for each connection"),
    Registration("thread-pool", "upecho.servers.thread_pool:serve", "a fixed number of threads"),
    Registration("socketserver", "upecho.servers.socketserver:serve", "the standard library's threading server"),
    Registration("selectors", "upecho.servers.selectors:serve", "one thread, a readiness loop"),
    Registration("asyncio", "upecho.servers.asyncio_streams:serve", "asyncio streams"),
    Registration("asyncio-protocol", "upecho.servers.asyncio_protocol:serve", "asyncio callbacks on a transport"),
    Registration("asyncio-buffered", "upecho.servers.asyncio_buffered:serve", "asyncio BufferedProtocol"),
    Registration("asyncio-sock", "upecho.servers.asyncio_sock:serve", "asyncio loop.sock_* on plain sockets"),
    Registration("prefork", "upecho.servers.prefork:serve", "several processes, a readiness loop each"),
    Registration("native", "upecho.servers.native:serve", "one thread, a readiness loop in C: the baseline"),
    Registration("textbook", "upecho.servers.textbook:serve", "one client, one recv, one send: a lesson", naive=True),
)
BUILT_IN_NAMES = frozenset(row.name for row in BUILT_IN)

ASYNCIO = "asyncio"  # the loop of the standard library, and a server that uses it unless told otherwise
LOOPS = {ASYNCIO: "asyncio:new_event_loop", "uvloop": "uvloop:new_event_loop"}

# Packages whose documentation says that their loops lack Unix sockets, unless they declare FAMILIES.
WITHOUT_UNIX_SOCKETS = frozenset({"rloop", "veloxloop"})


@dataclass(frozen=True)
class Implementation:
    """A loaded implementation, ready to be called.

    Attributes:
        serve: The callable ``serve(listener, stop)``.
        max_clients: Number of clients it serves at the same time; None means no limit except descriptors.
        families: The socket families that it declares to serve.
        calls_ready: Whether it announces itself that clients can connect.
        naive: Whether it ignores the stop.
        summary: Its I/O model in a few words, from its registration or its docstring.
        logs: Whether it declares that it logs to stderr.
        grace: Seconds that it declares to give its clients after the stop, even if it is told a shorter time.
    """

    serve: Callable[..., None]
    max_clients: int | None = None
    families: frozenset[Family] = frozenset(Family)
    calls_ready: bool = False
    naive: bool = False
    summary: str = ""
    logs: bool = False
    grace: float = 0.0


def registrations() -> tuple[Registration, ...]:
    """Return the built-in implementations, then those that other packages add through entry points."""
    from importlib.metadata import entry_points  # noqa: PLC0415 (slow, and a built-in server never needs it)

    added = (
        Registration(point.name, point.value.partition("[")[0].strip())  # "module:attribute [extra]" is allowed
        for point in entry_points(group=ENTRY_POINTS)
    )
    return BUILT_IN + tuple(added)


def find(name: str) -> Registration:
    """Return the registration that ``NAME`` or ``module:attribute`` stands for, without importing anything of it.

    Raises:
        CallerError: No implementation has that name; the message suggests the nearest one.
    """
    if ":" in name:
        return Registration(name, name)
    rows = BUILT_IN if name in BUILT_IN_NAMES else registrations()
    for row in rows:
        if row.name == name:
            return row
    raise CallerError(unknown_name("implementation", name, [row.name for row in rows], "module:attribute"))


def load_implementation(text: str) -> Implementation:
    """Import the implementation that ``NAME``, ``NAME+LOOP`` or ``module:attribute[+LOOP]`` stands for.

    Raises:
        CallerError: No implementation has that name, the attribute does not exist or is not a server, or its module
            declares something impossible.
        Unavailable: A package that it needs is not installed.
        Unusable: Its module fails at import.
    """
    name, plus, loop = text.partition("+")
    row = find(name)
    if ":" in text:
        _make_current_directory_importable()
    serve = _import_object(row.location, name)
    if not callable(serve):
        raise _not_a_server(name, f"{type(serve).__name__} is not a callable serve(listener, stop)")
    _expect_signature(serve, name)
    module = sys.modules[row.location.partition(":")[0]]
    families = _families(module, name)
    if plus:
        if "loop_factory" not in inspect.signature(serve).parameters:
            raise CallerError(f"{name} does not use an event loop", hint=f"leave out +{loop}")
        serve = functools.partial(serve, loop_factory=load_loop(loop))
        families &= _loop_families(loop)
    summary = row.summary or (inspect.getdoc(serve) or module.__doc__ or "").strip().partition("\n")[0]
    return Implementation(
        serve,
        max_clients=_max_clients(module, name),
        families=families,
        calls_ready=bool(getattr(module, "CALLS_READY", False)),
        naive=row.naive,
        summary=summary,
        logs=_logs(module, name),
        grace=_grace(module, name),
    )


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
    factory = _import_object(LOOPS.get(name, name), name)
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
        raise Unusable(f"its factory failed: {_described(error)}", subject=name) from None
    if not callable(getattr(loop, "run_until_complete", None)):
        raise Unusable(f"its factory returned {loop!r:.60}, which is not an event loop", subject=name)


def _unknown_loop(name: str) -> str:
    """Return the message that no loop has a name; a module of that name may well have a factory."""
    if name.isidentifier() and name != "__main__" and importlib.util.find_spec(name):
        return f"unknown loop {name!r}; to use the module {name}, write its factory, as in {name}:new_event_loop"
    return unknown_name("loop", name, LOOPS, "module:factory")


def _loop_families(name: str) -> frozenset[Family]:
    """Return the families that a loop, which has been loaded, declares to support, or is documented to support."""
    module = LOOPS.get(name, name).partition(":")[0]
    if module.partition(".")[0] in WITHOUT_UNIX_SOCKETS and not hasattr(sys.modules[module], "FAMILIES"):
        return frozenset(family for family in Family if not family.is_unix)
    return _families(sys.modules[module], name)


def _max_clients(module: ModuleType, name: str) -> int | None:
    declared = getattr(module, "MAX_CLIENTS", None)
    if declared is not None and (type(declared) is not int or declared < 1):
        raise CallerError(f"MAX_CLIENTS is {declared!r}", subject=name, hint="it must be a whole number, at least 1")
    return declared


def _families(module: ModuleType, name: str) -> frozenset[Family]:
    declared = getattr(module, "FAMILIES", None)
    if declared is None:
        return frozenset(Family)
    known = [family.value for family in Family]
    is_list = isinstance(declared, (tuple, list, set, frozenset)) and declared
    if not is_list or any(one not in known for one in declared):
        hint = f"it must be a tuple with some of {', '.join(map(repr, known))}"
        raise CallerError(f"FAMILIES is {declared!r}", subject=name, hint=hint)
    return frozenset(map(Family, declared))


def _logs(module: ModuleType, name: str) -> bool:
    declared = getattr(module, "LOGS", False)
    if not isinstance(declared, bool):
        raise CallerError(f"LOGS is {declared!r}", subject=name, hint="it must be True or False")
    return declared


def _grace(module: ModuleType, name: str) -> float:
    declared = getattr(module, "GRACE", 0.0)
    if type(declared) not in (int, float) or not 0 <= declared <= MAX_GRACE:
        hint = f"it must be a number of seconds between 0 and {MAX_GRACE:g}"
        raise CallerError(f"GRACE is {declared!r}", subject=name, hint=hint)
    return float(declared)


def _expect_signature(serve: Callable[..., Any], name: str) -> None:
    """Verify that a callable accepts the arguments that every server is called with."""
    try:
        signature = inspect.signature(serve)
    except ValueError:  # some callables written in C have none
        return
    try:
        signature.bind("listener", "stop")
    except TypeError:
        raise _not_a_server(name, f"it has the signature {signature}, not serve(listener, stop)") from None


def _not_a_server(name: str, reason: str) -> CallerError:
    return CallerError(reason, subject=f"not a server: {name}")


def _make_current_directory_importable() -> None:
    """Let ``module:attribute`` be found in the current directory, as ``python -m`` does and a script does not.

    The standard library stays in front. The directory of a lesson may well hold a selectors.py, and which modules have
    been imported already, and can no longer be shadowed, differs between versions of Python.
    """
    here = str(current_directory())
    if not {"", here} & set(sys.path):
        standard = str(Path(inspect.__file__).parent)
        places = [
            place for place, directory in enumerate(sys.path) if directory in (standard, f"{standard}/lib-dynload")
        ]
        sys.path.insert(max(places, default=-1) + 1, here)


def _import_object(location: str, name: str) -> Any:
    """Import what ``location`` refers to; ``name`` is how the user called it."""
    module_name, _, attribute = location.partition(":")
    if not all(part.isidentifier() for part in f"{module_name}.{attribute}".split(".")):
        raise CallerError(repr(location), subject="not module:attribute")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise _missing_module(error, module_name, name) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # foreign code may raise anything
        if name in BUILT_IN_NAMES:
            raise
        raise Unusable(f"import failed: {_described(error)}", subject=name) from None
    try:
        return functools.reduce(getattr, attribute.split("."), module)
    except AttributeError:
        raise CallerError(f"module {module_name} has no {attribute!r}, which {name} refers to") from None


def _described(error: BaseException) -> str:
    """Return the type of an exception, its text on one line, and the place in foreign code where it was raised."""
    what = ": ".join(filter(None, (type(error).__name__, " ".join(str(error).split()))))
    return printable(f"{what}{_foreign_frame(error.__traceback__)}")


def _foreign_frame(step: TracebackType | None) -> str:
    """Return the innermost frame of foreign code in brackets; empty if none was reached."""
    where = ""
    while step:
        frame = step.tb_frame
        if str(frame.f_globals.get("__name__")).partition(".")[0] not in NOT_FOREIGN:
            where = f" ({frame.f_code.co_filename}:{step.tb_lineno})"
        step = step.tb_next
    return where


def _missing_module(error: ModuleNotFoundError, module_name: str, name: str) -> CallerError:
    """Return the error for a mistyped module or for a package that is not installed; re-raise a bug of our own."""
    missing = error.name or module_name
    if missing.partition(".")[0] == "upecho" and name in BUILT_IN_NAMES:
        raise error
    if ":" in name and module_name.partition(".")[0] == missing.partition(".")[0]:
        return CallerError(f"no module {missing!r}, which {name} refers to")
    return Unavailable(f"the package {missing!r} is not installed", subject=name, hint=f"run pip install {missing}")
