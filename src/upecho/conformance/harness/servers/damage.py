"""Expects that a check has not damaged a server: it serves new clients, and no descriptor stays open."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager

from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.servers.settling import expect_at_most, settled
from upecho.conformance.harness.violation import precondition
from upecho.support.errors import Unavailable

NEXT_CLIENTS = 3  # so that each of a few worker processes is likely to serve one


def expect_serves_new_clients(server: Server) -> None:
    """Expect that a few more clients can connect, exchange bytes and leave."""
    for _ in range(NEXT_CLIENTS):
        client = server.connect()
        client.exchange(b"the next client\n")
        client.close()


@contextmanager
def expect_unharmed(server: Server) -> Iterator[None]:
    """Expect that a server serves new clients after the block, and that no descriptor stays open.

    Nothing is expected of descriptors that cannot be seen.
    """
    with contextlib.ExitStack() as stack:
        if _shows_descriptors(server):
            stack.enter_context(expect_descriptors_closed(server))
        else:
            _expect_served_before(server)
        yield
        expect_serves_new_clients(server)


@contextmanager
def expect_descriptors_closed(server: Server) -> Iterator[None]:
    """Expect that a server has as many open descriptors after the block as before.

    Raises:
        Unavailable: This system does not show them.
    """
    _expect_served_before(server)
    server.let_finish()
    before = settled(server.process.descriptor_count)
    yield
    # Some servers close them late, of their own accord. One that has failed before is not given that long again.
    watch = server.watch_after_failure()
    expect_at_most(before, server.process.descriptor_count, "open descriptors, as before", watch)


def _expect_served_before(server: Server) -> None:
    with precondition("an echo before the check begins"):
        expect_serves_new_clients(server)


def _shows_descriptors(server: Server) -> bool:
    with contextlib.suppress(Unavailable):
        return server.has_process and server.process.descriptor_count() > 0
    return False
