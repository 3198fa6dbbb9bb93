"""Ports for servers: they are free, nothing else takes them, and no two processes use the same."""

import contextlib
import errno
import functools
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from subprocess import PIPE

import pytest

from upecho.net import ports
from upecho.net.address import Address, Family
from upecho.net.ports import BLOCK, unused
from upecho.support.errors import NoPortLeft

ANY = Address.parse("127.0.0.1:0")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="a block of ports is reserved on Linux only")
inet6_only = pytest.mark.skipif(not Family.INET6.is_available(), reason="needs IPv6")


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """Let each test reserve a block of its own, and keep it from the other tests."""
    for cached in (ports._own_ports, ports._range_for_connections):
        cached.cache_clear()
    yield
    for cached in (ports._own_ports, ports._range_for_connections):
        cached.cache_clear()


@pytest.mark.parametrize("text", ["127.0.0.1:0", pytest.param("[::1]:0", marks=inet6_only)])
def test_port_can_be_bound(text: str) -> None:
    address = unused(Address.parse(text))
    version, name = address.resolve()
    with socket.socket(version) as bound:
        bound.bind(name)
        assert Address.of(bound) == address


@linux_only
def test_system_gives_no_such_port_to_a_connection() -> None:
    lowest, highest = ports._range_for_connections()
    found = {unused(ANY).port for _ in range(2 * BLOCK)}
    assert len(found) > 1
    assert max(found) - min(found) < BLOCK
    assert not [port for port in found if lowest <= port <= highest]


def test_port_in_use_is_left_out() -> None:
    taken = unused(ANY)
    with socket.create_server((taken.host, taken.port)):
        assert taken.port not in [unused(ANY).port for _ in range(2 * BLOCK)]


@linux_only
def test_processes_have_different_ports() -> None:
    code = "from upecho.net.ports import *; print(unused(Address.parse('127.0.0.1:0')).port, flush=True); input()"
    with contextlib.ExitStack() as stack:
        others = [
            stack.enter_context(subprocess.Popen([sys.executable, "-c", code], stdin=PIPE, stdout=PIPE, text=True))
            for _ in range(4)
        ]
        found = [int(other.stdout.readline()) for other in others if other.stdout]
        found.append(unused(ANY).port)  # while the others run: their blocks are free again when they have ended
        for other in others:
            other.communicate("\n")
    starts = {ports.LOWEST + (port - ports.LOWEST) // BLOCK * BLOCK for port in found}
    assert len(starts) == 5


@linux_only
def test_block_is_free_again_after_the_end_of_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "HIGHEST", ports.LOWEST + BLOCK + 1)  # room for a single block
    name = f"\0upecho-{os.getpid()}-{{}}"  # another process of upecho may have reserved this block under the real name
    monkeypatch.setattr(ports, "NAME", name)
    code = f"from upecho.net import ports; ports.NAME = {name!r}; print(ports._reserve({ports.LOWEST}))"
    assert subprocess.run([sys.executable, "-c", code], stdout=PIPE, text=True, check=True).stdout == "True\n"
    assert unused(ANY).port in range(ports.LOWEST, ports.LOWEST + BLOCK)
    ports._own_ports.cache_clear()
    assert unused(ANY).port not in range(ports.LOWEST, ports.LOWEST + BLOCK)  # this process has reserved it before


def test_without_a_block_the_system_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "RANGE", os.devnull)
    assert unused(ANY).port > 0


def test_missing_port_is_no_port_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def bind(*_: object) -> None:
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))

    monkeypatch.setattr(ports, "_own_ports", functools.cache(lambda: iter([1, 2])))
    monkeypatch.setattr(socket.socket, "bind", bind)
    with pytest.raises(NoPortLeft):
        unused(ANY)
