"""Which processes listen at which addresses."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from upecho.net.address import Address, Family
from upecho.processes.linux import listening, procfs, socket_tables
from upecho.processes.linux.listening import described, listening_addresses
from upecho.processes.supervisor import Supervisor

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
    monkeypatch.setattr(socket_tables, "NET", directory)
    for address in (Address.of(one), Address.parse("unix:s"), Address.parse("no.such.host.invalid:1")):
        assert listening.sockets(address) == listening.candidates(address) == set()


LISTENS = """
import os, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
os.fork()
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
"""


def own_addresses() -> list[Address]:
    return listening_addresses([os.getpid()])


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("::1", "[::1]"), ("::", "[::]")]
)
def test_listening_tcp_socket_is_found_until_it_is_closed(host: str, shown: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as bound:
        bound.bind((host, 0))
        address = f"{shown}:{bound.getsockname()[1]}"
        assert address not in map(str, own_addresses())  # it is bound but does not listen yet
        bound.listen()
        assert address in map(str, own_addresses())
    assert address not in map(str, own_addresses())


@pytest.mark.parametrize("text", ["unix:{}/a b@c", "unix:@{}/name"])
def test_listening_unix_socket_is_found(text: str, tmp_path: Path) -> None:
    address = Address.parse(text.format(tmp_path))
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(address.resolve()[1])
        bound.listen()
        assert address in own_addresses()


def test_null_bytes_of_an_abstract_name_are_counted() -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(f"\0upecho-test-{os.getpid()}\0\0\0")
        bound.listen()
        assert f"unix:@upecho-test-{os.getpid()} followed by 3 null bytes" in described(own_addresses())


def test_listener_that_processes_share_is_found_once(supervisor: Supervisor) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", LISTENS])
    ports = {child.read_line(20) for _ in range(2)}
    assert [str(one) for one in listening_addresses(procfs.members(child.pid))] == [f"127.0.0.1:{ports.pop()}"]
    assert not ports


def test_ended_process_listens_nowhere(supervisor: Supervisor) -> None:
    child = supervisor.start(["true"])
    child.wait(20)
    assert listening_addresses([child.pid]) == []
    assert described([]) == "no address that can be seen"


def test_null_byte_inside_an_abstract_name_is_shown() -> None:
    assert described([Address(Family.ABSTRACT, path="@a\0b\0")]) == "unix:@a\\0b followed by 1 null byte"
