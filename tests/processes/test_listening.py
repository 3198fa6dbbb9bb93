"""Which processes listen at an address."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from upecho.net.address import Address
from upecho.processes import listening, procfs

pytestmark = pytest.mark.skipif(not procfs.AVAILABLE, reason="reads /proc, which only Linux has")

HERE = [os.getpid()]


@pytest.fixture
def sockets() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def listen(sockets: ExitStack, host: str, port: int = 0, *, dual: bool = False) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return sockets.enter_context(socket.create_server((host, port), family=family, dualstack_ipv6=dual))


def inode(one: socket.socket) -> str:
    return str(os.fstat(one.fileno()).st_ino)


@pytest.mark.parametrize(
    ("bound", "target", "dual"),
    [
        ("127.0.0.1", "127.0.0.1", False),
        ("0.0.0.0", "127.0.0.1", False),
        ("::1", "[::1]", False),
        ("::", "[::1]", False),
        ("::", "127.0.0.1", True),
    ],
)
def test_tcp_listener_is_found(sockets: ExitStack, bound: str, target: str, dual: bool) -> None:
    one = listen(sockets, bound, dual=dual)
    address = Address.parse(f"{target}:{one.getsockname()[1]}")
    assert listening.sockets(address) == listening.candidates(address) == {inode(one)}


def test_other_tcp_listeners_are_not_found(sockets: ExitStack) -> None:
    one = listen(sockets, "127.0.0.1")
    port = one.getsockname()[1]
    listen(sockets, "127.0.0.2", port)
    listen(sockets, "127.0.0.1")
    sockets.enter_context(socket.create_connection(("127.0.0.1", port)))
    assert listening.sockets(Address.of(one)) == {inode(one)}


@pytest.mark.parametrize("name", ["{directory}/a name", "\0{directory}/a name"])
def test_unix_listener_is_found(sockets: ExitStack, directory: Path, name: str) -> None:
    one, bound_only = (sockets.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(2))
    one.bind(name.format(directory=directory))
    one.listen()
    bound_only.bind(f"{directory}/other")
    sockets.enter_context(socket.socket(socket.AF_UNIX)).connect(one.getsockname())
    assert listening.sockets(Address.of(one)) == {inode(one)}
    assert inode(one) in listening.candidates(Address.of(bound_only))
    assert listening.sockets(Address.of(bound_only)) == set()


def test_holder_of_a_socket_is_found(sockets: ExitStack) -> None:
    one = listen(sockets, "127.0.0.1")
    assert listening.holders([1, *HERE], {inode(one), "1"})[0] == HERE
    assert listening.holders(HERE, {"1"}) == ([], True)
    assert listening.holders([2**22 + 1], {inode(one)}) == ([], True)  # above the greatest process id of Linux


def test_descriptors_of_another_user_are_reported_as_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "scandir", refuse)
    assert listening.holders(HERE, {"1"}) == ([], False)


def test_nothing_is_found_where_the_system_shows_nothing(
    sockets: ExitStack, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = listen(sockets, "127.0.0.1")
    monkeypatch.setattr(listening, "NET", directory)
    for address in (Address.of(one), Address.parse("unix:s"), Address.parse("no.such.host.invalid:1")):
        assert listening.sockets(address) == listening.candidates(address) == set()
