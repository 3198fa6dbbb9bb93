"""A server process that is ready: what it uses, which signals reach it, and its end."""

import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.processes.commands import serve
from upecho.net.connecting import connect
from upecho.processes.linux import procfs
from upecho.processes.server_process import Launch, ServerProcess
from upecho.processes.starting import start_server
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Kind, Target
from upecho.support.errors import AddressError, Unavailable

Start = Callable[..., ServerProcess]

CLIENTS = 5
linux_only = pytest.mark.skipif(not procfs.AVAILABLE, reason="observes processes through /proc")


@pytest.mark.parametrize("read", ["descriptor_count", "living_count", "task_count", "resident_bytes", "cpu_seconds"])
def test_use_that_cannot_be_seen_is_unavailable(start: Start, monkeypatch: pytest.MonkeyPatch, read: str) -> None:
    server = start("threads")
    monkeypatch.setattr(procfs, "AVAILABLE", False)
    with pytest.raises(Unavailable, match="the resource usage of a process is unavailable here: it takes Linux"):
        getattr(server, read)()
    assert not server.is_busy()
    assert server.await_handler(signal.SIGTERM, 0).is_handled is None


def test_use_of_a_hidden_process_is_unavailable(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(procfs, "shows", lambda pid: False)
    server = start("threads")
    assert not server.is_shown
    with pytest.raises(Unavailable, match="of other users is unavailable here: /proc is mounted so that it hides them"):
        server.cpu_seconds()


def test_descriptors_of_another_user_are_unavailable(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start("threads")
    monkeypatch.setattr(procfs, "descriptor_count", lambda root: None)
    with pytest.raises(Unavailable, match="only that user and root may see the descriptors"):
        server.descriptor_count()


@linux_only
def test_use_of_a_server_in_a_session_of_its_own_is_seen(
    supervisor: Supervisor, directory: Path, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    target = Target(f"cmd:setsid -f {serve('threads')}", Kind.COMMAND)
    wrapper = f"cmd:sh -c '\"$@\"; sleep 600' sh {target.text.removeprefix('cmd:')}"
    address = f"unix:{directory}/s"
    with start_server(supervisor, Launch(Target(wrapper, Kind.COMMAND), address)) as server:
        assert server.living_count() == 3  # the shell, its sleep, and the server, which has lost its parent
        with ExitStack() as stack:
            for _ in range(CLIENTS):
                client = stack.enter_context(connect(server.address, 5))
                client.sendall(b"x")
                client.recv(1)
            tasks = server.task_count()
        eventually(lambda: server.task_count() <= tasks - CLIENTS)
        assert server.cpu_seconds() > 0.01
        assert server.resident_bytes() > 1 << 20
        assert server.serving_group() != server.child.pid
        server.signal_all(signal.SIGSTOP)
        with connect(server.address, 0.2) as client:
            client.sendall(b"x")
            with pytest.raises(TimeoutError):
                client.recv(1)
    with pytest.raises(AddressError):
        connect(server.address, 5)


def test_server_is_killed_at_the_end_of_its_block(supervisor: Supervisor) -> None:
    with start_server(supervisor, Launch(Target.implementation("threads"), "127.0.0.1:0")) as server:
        connect(server.address, 5).close()
    assert server.child.wait(0) == -signal.SIGKILL
