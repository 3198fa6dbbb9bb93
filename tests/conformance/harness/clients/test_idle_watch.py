"""When a wait ends early: the server does nothing, and nothing but the server could cause what is waited for."""

import socket
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from upecho.conformance.harness.clients.client import Client
from upecho.conformance.harness.clients.connection import SMALL_BYTES, TIMEOUT_SECONDS
from upecho.conformance.harness.clients.idle_watch import IDLE_SECONDS, IdleWatch
from upecho.conformance.harness.violation import Log, Violation
from upecho.net.address import Address
from upecho.processes.linux import procfs
from upecho.processes.server_process import Launch, ServerProcess
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Kind, Target
from upecho.support import timeouts

pytestmark = pytest.mark.skipif(not procfs.AVAILABLE, reason="reads /proc, which only Linux has")

RESTS = "sys.stdin.read()"
SPINS = "while True: pass"
WAKES_UP = "while True: time.sleep(0.02); sum(range(20000))"
NOWHERE = Address.parse("unix:/nowhere")


@pytest.fixture(autouse=True)
def short_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.5")


@pytest.fixture
def process(supervisor: Supervisor) -> Callable[[str], ServerProcess]:
    """Run a program as if it were a server that is ready."""

    def process(program: str) -> ServerProcess:
        child = supervisor.start([sys.executable, "-S", "-c", f"import sys, time; print(flush=True)\n{program}"])
        assert child.read_line(60) == ""  # what it does from now on is not its start
        return ServerProcess(child, NOWHERE, Launch(Target("mine", Kind.IMPLEMENTATION), str(NOWHERE)))

    return process


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize(
    ("program", "answered", "size", "is_early"),
    [
        (RESTS, True, 10, True),
        (SPINS, True, 10, False),
        (WAKES_UP, True, 10, False),
        (RESTS, False, 10, False),  # the kernel may still have to send the request again
        (RESTS, True, SMALL_BYTES + 1, False),
    ],
    ids=["idle", "busy", "often-awake", "never-answered", "large"],
)
def test_only_a_wait_for_an_idle_server_ends_early(
    process: Callable[[str], ServerProcess],
    ends: tuple[socket.socket, socket.socket],
    *,
    program: str,
    answered: bool,
    size: int,
    is_early: bool,
) -> None:
    ours, theirs = ends
    server = process(program)
    client = Client(ours, Log(), "client 1", watch=lambda: IdleWatch.of(server))
    client.send(bytes(size + answered))
    theirs.sendall(bytes(answered))
    began = time.monotonic()
    with pytest.raises(Violation) as raised:
        client.receive()
    assert ("in which the server did nothing" in raised.value.seen) == is_early
    assert time.monotonic() - began >= timeouts.scaled(IDLE_SECONDS if is_early else TIMEOUT_SECONDS)


def test_wait_for_an_idle_server_says_so(
    process: Callable[[str], ServerProcess], ends: tuple[socket.socket, socket.socket]
) -> None:
    server = process(RESTS)
    client = Client(ends[0], Log(), "client 1", watch=lambda: IdleWatch.of(server))
    client.send(b"x")
    with pytest.raises(Violation, match=r"none for 0\.9 s, in which the server did nothing; 0 bytes received"):
        client.expect_any_answer(quiet_network=True)


def test_late_answer_of_a_busy_server_is_accepted(
    process: Callable[[str], ServerProcess], ends: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = ends
    server = process(SPINS)
    client = Client(ours, Log(), "client 1", watch=lambda: IdleWatch.of(server))
    client.send(b"x")
    theirs.sendall(b"X")
    client.receive()
    client.send(b"y")
    time.sleep(IDLE_SECONDS * 0.5)
    theirs.sendall(b"Y")
    client.receive()


@pytest.mark.parametrize(("end", "seen"), [(socket.SHUT_RDWR, "FIN"), (None, "none for")])
def test_end_of_the_connection_is_no_answer(
    ends: tuple[socket.socket, socket.socket], end: int | None, seen: str
) -> None:
    ours, theirs = ends
    client = Client(ours, Log(), "client 1")
    client.send(b"x")
    if end is not None:
        theirs.shutdown(end)
    with pytest.raises(Violation, match=seen):
        client.expect_any_answer()
