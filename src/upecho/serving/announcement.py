"""The line on stdout with which a server process that upecho has started announces how its start went.

The line is JSON, since a path may contain any character and an error consists of fields. The module of an
implementation may print while it is imported, so the reader skips lines without an announcement.
"""

import json
from typing import NamedTuple

from upecho.support.errors import AddressError, CallerError, Unavailable, Unusable

READY, REFUSED = "upecho-ready", "upecho-refused"
ERRORS = {kind.__name__: kind for kind in (CallerError, AddressError, Unavailable, Unusable)}


class Ready(NamedTuple):
    """The server listens.

    Attributes:
        address: Actual address, with the port that the system chose for port 0, as Address.parse reads it.
    """

    address: str


class Refused(NamedTuple):
    """The server cannot be started as asked.

    Attributes:
        error: What the caller has to change.
    """

    error: CallerError


def encode(announcement: Ready | Refused) -> str:
    """Return an announcement as a line of ASCII, begun with a line end, as something may have been printed before."""
    content: dict[str, object]
    if isinstance(announcement, Ready):
        content = {READY: announcement}
    else:
        error = announcement.error
        content = {REFUSED: type(error).__name__, "reason": error.reason, "subject": error.subject, "hint": error.hint}
    return f"\n{json.dumps(content)}\n"


def decode(line: str) -> Ready | Refused | None:
    """Return the announcement on a line, or None if the line is something else."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    if READY in content:
        return Ready(*content[READY])
    kind = ERRORS.get(content.pop(REFUSED, None))
    return Refused(kind(**content)) if kind else None
