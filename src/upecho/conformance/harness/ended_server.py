"""Finds out whether a server has ended by itself, because that explains everything else that a check has seen."""

import contextlib
import errno
from collections.abc import Callable, Iterable, Iterator

from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import Violation

OURS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)  # errors that say that this process lacks something


@contextlib.contextmanager
def blaming_ended_server(servers: Callable[[], Iterable[Server]]) -> Iterator[None]:
    """Turn an OSError that nothing foresaw into a violation if a server of the check has ended by itself.

    A check that looks at a process or a path of a server that is gone says nothing about this program.

    Args:
        servers: Returns the servers of the check.
    """
    try:
        yield
    except OSError as error:
        if error.errno in OURS or not (end := _unrequested_end(servers())):
            raise
        raise Violation("a server that runs until the end of the check", end) from error


def explained(violation: Violation, servers: Iterable[Server]) -> Violation:
    """Return a violation that says if one of the servers has ended by itself."""
    violation.end = _unrequested_end(servers)
    if violation.end and violation.end != violation.seen:
        violation.seen = f"{violation.end} (symptom: {violation.seen})"
    return violation


def _unrequested_end(servers: Iterable[Server]) -> str:
    """Return how the first server that nothing asked to end has ended; empty if there is none."""
    return next(filter(None, (server.unrequested_end() for server in servers)), "")
