"""What the module of an implementation declares about it, as ``upecho.serving.contract`` defines.

Each function takes the module and the name under which the user asked for it, which is the subject of a ``CallerError``
if the declaration is impossible.
"""

from types import ModuleType
from typing import NamedTuple

from upecho.net.address import Family
from upecho.serving.settings import MAX_GRACE
from upecho.support.errors import CallerError


class Declared(NamedTuple):
    """What a module declares that matters before its server is started.

    Attributes:
        families: The socket families that it declares to serve.
        max_clients: Number of clients it serves at the same time; None means no limit except descriptors.
        logs: Whether it declares that it logs to stderr.
        grace: Seconds that it declares to give its clients after the stop, even if it is told a shorter time.
    """

    families: frozenset[Family] = frozenset(Family)
    max_clients: int | None = None
    logs: bool = False
    grace: float = 0.0


def max_clients(module: ModuleType, name: str) -> int | None:
    """Return the number of clients served at the same time; None if the module declares no limit."""
    declared = getattr(module, "MAX_CLIENTS", None)
    if declared is not None and (type(declared) is not int or declared < 1):
        raise CallerError(f"MAX_CLIENTS is {declared!r}", subject=name, hint="it must be a whole number, at least 1")
    return declared


def families(module: ModuleType, name: str) -> frozenset[Family]:
    """Return the families that the module of an implementation or of an event loop declares to serve."""
    declared = getattr(module, "FAMILIES", None)
    if declared is None:
        return frozenset(Family)
    known = [family.value for family in Family]
    is_list = isinstance(declared, (tuple, list, set, frozenset)) and declared
    if not is_list or any(one not in known for one in declared):
        hint = f"it must be a tuple with some of {', '.join(map(repr, known))}"
        raise CallerError(f"FAMILIES is {declared!r}", subject=name, hint=hint)
    return frozenset(map(Family, declared))


def calls_ready(module: ModuleType) -> bool:
    """Whether the server announces itself that clients can connect."""
    return bool(getattr(module, "CALLS_READY", False))


def logs(module: ModuleType, name: str) -> bool:
    """Whether the server logs to stderr."""
    declared = getattr(module, "LOGS", False)
    if not isinstance(declared, bool):
        raise CallerError(f"LOGS is {declared!r}", subject=name, hint="it must be True or False")
    return declared


def grace(module: ModuleType, name: str) -> float:
    """Return the seconds that the server gives its clients after the stop, even if it is told a shorter time."""
    declared = getattr(module, "GRACE", 0.0)
    if type(declared) not in (int, float) or not 0 <= declared <= MAX_GRACE:
        hint = f"it must be a number of seconds between 0 and {MAX_GRACE:g}"
        raise CallerError(f"GRACE is {declared!r}", subject=name, hint=hint)
    return float(declared)
