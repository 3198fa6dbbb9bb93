"""Checks of the address: a server listens where it was told to and nowhere else, or says why it cannot."""

import contextlib
from pathlib import Path

from upecho.conformance.check import Level, check
from upecho.conformance.harness.launcher import Launcher
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import Unsupported, Violation, precondition
from upecho.net import connecting
from upecho.net.address import MAX_PATH_BYTES, Address, Family
from upecho.processes.linux.listening import described
from upecho.serving.listener import listening
from upecho.serving.settings import Settings
from upecho.support import timeouts
from upecho.support.error_reports import error_reports
from upecho.support.errors import AddressError, Unavailable
from upecho.support.text import plural

CONNECT_SECONDS = 1.0  # on the same machine; an address that takes longer counts as one where no server listens
STARTS = 2  # another program may own the port of one server at another address, but not those of two
SECOND_IPV4 = "127.0.0.2"  # Linux answers at every address of 127.0.0.0/8, other systems only at the first


@check(Level.MUST, gate=False, process=True, families=[Family.INET, Family.INET6])
def test_only_given_address(launcher: Launcher) -> None:
    """A server accepts connections at the address that it was given, and at no other address of the machine.

    Source: ip(7) and ipv6(7): a socket bound to INADDR_ANY or in6addr_any receives packets for every local address.
    """
    if not launcher.starter.target.is_given_host:
        raise Unsupported("the command is given only the port")
    others = _other_addresses(Address.parse(launcher.starter.new_address()))
    for _ in range(STARTS):
        with precondition("a server at its address"):
            server = launcher.start()
            server.connect().close()
        listens_at = server.process.listening_addresses()
        _expect_no_wildcard(server.address, listens_at)
        if not (reached := _reached_until_stopped(server, others)):
            return
    raise Violation(
        f"connections to {described(reached)} refused by a server that was told to listen at {server.address}",
        f"they were accepted; it listens at {described(listens_at)}",
    )


@check(Level.SHOULD, process=True, seconds=0.2)
def test_clear_bind_error(launcher: Launcher) -> None:
    """A server that cannot listen at its address says so in one line on stderr, without a traceback.

    Lines that it writes at every start do not count.

    Source: POSIX bind(): EADDRINUSE; stderr(3): standard error is for diagnostic output.
    """
    first = launcher.start()
    for address in (str(first.address), *_impossible_addresses(launcher)):
        with precondition(f"a refusal of {address}"):
            written = launcher.starter.expect_refusal(address)
        _expect_one_clear_line(written, usual=first.process.child.stderr())


def _expect_no_wildcard(given: Address, listens_at: list[Address]) -> None:
    """Expect that no listener of a server, as far as they can be seen, has its port at every address."""
    everywhere = [Address(Family.INET, host="0.0.0.0", port=given.port), Address(Family.INET6, "::", given.port)]  # noqa: S104
    if found := [address for address in everywhere if address in listens_at]:
        raise Violation(f"a server that listens only at {given}", f"it listens at {described(found)}, every address")


def _other_addresses(given: Address) -> list[Address]:
    """Return other addresses of this machine, with port 0, at which a connection shows that a server listens there."""
    hosts = [Address(Family.INET, host="127.0.0.1"), Address(Family.INET, host=SECOND_IPV4)]
    others = [one for one in [*hosts, Address(Family.INET6, host="::1")] if one.host != given.host]
    # A machine may redirect connections from one address to another.
    return [other for other in others if _is_reached(other, other) and not _is_reached(given, other)]


def _is_reached(listener: Address, client: Address) -> bool:
    """Whether a client that connects to one address reaches a listener of ours at another, with the same port."""
    with contextlib.suppress(AddressError, Unavailable), listening(listener._replace(port=0), Settings()) as bound:
        return _accepts(client._replace(port=Address.of(bound).port))
    return False


def _reached_until_stopped(server: Server, others: list[Address]) -> list[Address]:
    """Return the addresses at which connections were accepted until the server was killed; it is killed for that."""
    ours = [other._replace(port=server.address.port) for other in others]
    if reached := [address for address in ours if _accepts(address)]:
        server.kill()
    return [address for address in reached if not _accepts(address)]


def _accepts(address: Address) -> bool:
    try:
        connecting.connect(address, timeouts.scaled(CONNECT_SECONDS)).close()
    except (AddressError, Unavailable):
        return False
    return True


def _impossible_addresses(launcher: Launcher) -> list[str]:
    """Return the addresses, beside one in use, at which no server of a family can listen."""
    if launcher.starter.family is not Family.UNIX:
        return []
    occupied = launcher.starter.new_address()
    Path(Address.parse(occupied).path).write_text("a regular file")
    return [occupied, f"unix:{launcher.starter.supervisor.directory}/{'x' * MAX_PATH_BYTES}"]


def _expect_one_clear_line(written: str, *, usual: str) -> None:
    """Expect that a server which could not listen has written one line more than one that could."""
    expected = "one line on stderr that says why the server cannot listen"
    usual_lines = usual.splitlines()
    lines = [line for line in written.splitlines() if line.strip()]
    if reports := error_reports(written):
        raise Violation(expected, f"an error report: {reports[0].text}")
    if not set(lines) - set(usual_lines):
        raise Violation(expected, "nothing")
    if len(lines) > len(usual_lines) + 1:
        raise Violation(expected, f"{plural(len(lines), 'line')}: {'; '.join(lines)[-200:]!r}")
