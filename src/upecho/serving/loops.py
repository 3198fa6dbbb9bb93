"""The event loops for asyncio that have a name: where each is found and what it needs. None of them is imported here.

What a row says about wheels comes from the package index, and what it says about families and the system from the
documentation of the package or from its binaries. A package that is installed is tried whatever its row says about
wheels, because it may have been built from source.
"""

from collections.abc import Callable
from typing import NamedTuple

from upecho.net.address import Family
from upecho.serving import limits
from upecho.serving.added import added

ENTRY_POINTS = "upecho.loops"
ASYNCIO = "asyncio"  # the standard library's loop; the server of the same name uses it by default
ALL = "all"  # written instead of a loop, it stands for every loop that can be used

TCP = frozenset(family for family in Family if not family.is_unix)


class Loop(NamedTuple):
    """An event loop and what it needs; nothing has been imported yet.

    Attributes:
        name: Name that users write after a plus sign.
        location: Where its factory is, as ``module:factory``.
        packages: The distributions that it consists of, each of which has a module of the same name.
        since: First version of CPython for which its packages have wheels.
        until: Last version of CPython for which its packages have wheels; None if every later version has some.
        glibc: Oldest version of glibc that its wheels accept; None if that is 2.28 or older.
        families: The socket families that it is documented to support; all if its documentation excludes none.
        needs: Functions that check what it needs of the system; each returns what is missing, or an empty string.
    """

    name: str
    location: str
    packages: tuple[str, ...] = ()
    since: tuple[int, int] = (3, 11)
    until: tuple[int, int] | None = None
    glibc: tuple[int, int] | None = None
    families: frozenset[Family] = frozenset(Family)
    needs: tuple[Callable[[], str], ...] = ()


AIOFASTNET = "upecho.servers.shared.aiofastnet_loops"

BUILT_IN = (
    Loop(ASYNCIO, "asyncio:new_event_loop"),
    Loop("uvloop", "uvloop:new_event_loop", ("uvloop",)),
    Loop("rloop", "rloop:new_event_loop", ("rloop",), families=TCP),
    Loop("rsloop", "rsloop:new_event_loop", ("rsloop",), glibc=(2, 39)),
    Loop("zuvloop", "zuvloop:new_event_loop", ("zuvloop",), since=(3, 14)),
    Loop(
        "talyn",
        "talyn:Loop",
        ("talyn",),
        since=(3, 13),
        until=(3, 14),
        glibc=(2, 36),
        needs=(limits.io_uring, limits.shared_libpython),
    ),
    Loop("veloxloop", "veloxloop:VeloxLoop", ("veloxloop",), until=(3, 14), families=TCP),
    Loop("blazio", "blazio:new_event_loop", ("blazio",), since=(3, 12), until=(3, 14)),
    Loop("loopmini", "loopmini:new_event_loop", ("loopmini",), until=(3, 14)),
    Loop("zloop", "zloop:new_event_loop", ("zloop",), since=(3, 12), until=(3, 14)),
    Loop("bracio", "bracio:BracioLoop", ("bracio",), until=(3, 14)),
    Loop(
        "uringcore",
        "uringcore:UringEventLoop",
        ("uringcore",),
        since=(3, 13),
        until=(3, 13),
        glibc=(2, 34),
        needs=(limits.io_uring,),
    ),
    Loop("aiofastnet", f"{AIOFASTNET}:over_asyncio", ("aiofastnet",)),
    Loop("aiofastnet-uvloop", f"{AIOFASTNET}:over_uvloop", ("aiofastnet", "uvloop")),
)
BUILT_IN_NAMES = frozenset(row.name for row in BUILT_IN)


def registered() -> tuple[Loop, ...]:
    """Return the loops that have a row here, then those that other packages add through entry points.

    An entry point whose name means something else in a target, such as ``all``, is left out.
    """
    others = (Loop(*one) for one in added(ENTRY_POINTS))
    return BUILT_IN + tuple(row for row in others if row.name not in BUILT_IN_NAMES | {ALL} and ":" not in row.name)


def find(name: str) -> Loop | None:
    """Return the loop that a name or ``module:factory`` stands for; None if no loop has that name."""
    if ":" in name:
        return _located(name)
    rows = BUILT_IN if name in BUILT_IN_NAMES else registered()
    return next((row for row in rows if row.name == name), None)


def _located(location: str) -> Loop:
    """Return a loop given by its location; what is known about its package applies to it as well."""
    package = location.partition(":")[0].partition(".")[0]
    for row in BUILT_IN:
        if row.packages == (package,) and not row.location.startswith(AIOFASTNET):
            return Loop(location, location, row.packages, families=row.families, needs=row.needs)
    return Loop(location, location)
