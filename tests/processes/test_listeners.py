"""Finding out at which addresses processes listen."""

import os
import socket
import sys
from pathlib import Path

import pytest

from upecho.net.address import Address, Family
from upecho.processes import procfs
from upecho.processes.listeners import described, listening_addresses
from upecho.processes.supervisor import Supervisor

pytestmark = pytest.mark.skipif(not procfs.AVAILABLE, reason="reads /proc, which only Linux has")

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
