"""Event loops that lack something of the documented interface, or do something else than they were asked for."""

import contextlib
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.exchange import exchange
from upecho.net.address import Family
from upecho.net.connecting import connect
from upecho.processes.server_process import ServerProcess
from upecho.processes.starting import StartFailure
from upecho.serving.loading.implementation import load_implementation

Start = Callable[..., ServerProcess]
Loop = Callable[..., str]

ASYNCIO_SERVERS = ["asyncio", "asyncio-protocol", "asyncio-buffered"]
ELSEWHERE = """
    async def create_server(self, factory, host=None, port=None, *, sock, **options):
        return await super().create_server(factory, "127.0.0.1", 0)
"""
LACKING = "    {0} = asyncio.AbstractEventLoop.{0}\n"
WITHOUT = "    @property\n    def {0}(self):\n        raise AttributeError(name='{0}', obj=self)\n"
RAISING = "    async def {0}(self, *args, **kwargs):\n        raise NotImplementedError\n"
# The transports have every documented method; what they do not reveal is legal.
SECRETIVE = """
    def _make_socket_transport(self, *args, **options):
        made = super()._make_socket_transport(*args, **options)
        made._extra.pop("socket")
        return made
"""
SILENT = """
    async def create_server(self, *args, **options):
        server = await super().create_server(*args, **options)
        return type("Server", (), {"close": lambda _: server.close(), "keep": server})()
"""


@pytest.fixture
def loop(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Loop:
    """Write a loop with the given methods; return it as a name to append to a server."""

    def loop(methods: str, before: str = "") -> str:
        code = f"import asyncio\n{before}\nclass Odd(asyncio.SelectorEventLoop):\n    pass\n{methods}"
        (directory / "odd.py").write_text(code)
        monkeypatch.chdir(directory)
        monkeypatch.setattr(sys, "path", [str(directory), *sys.path])
        monkeypatch.delitem(sys.modules, "odd", raising=False)
        return "odd:Odd"

    return loop


@pytest.mark.parametrize("server", ASYNCIO_SERVERS)
def test_loop_that_listens_elsewhere_is_said_to_do_so_before_it_is_ready(start: Start, loop: Loop, server: str) -> None:
    with pytest.raises(StartFailure) as raised:
        start(f"{server}+{loop(ELSEWHERE)}")
    assert raised.value.status == 1
    (line,) = raised.value.stderr.splitlines()
    assert line.startswith("upecho: the event loop odd.Odd listens on 127.0.0.1:")
    assert " although it was given a socket on 127.0.0.1:" in line


@pytest.mark.parametrize("form", [LACKING, WITHOUT, RAISING])
@pytest.mark.parametrize(
    ("server", "method"),
    [
        ("asyncio-sock", "sock_accept"),
        ("asyncio", "create_server"),
        ("asyncio", "create_unix_server"),
        ("asyncio-protocol", "create_unix_server"),
    ],
)
def test_missing_method_is_named_before_the_server_is_ready(
    start: Start, loop: Loop, form: str, server: str, method: str
) -> None:
    with pytest.raises(StartFailure) as raised:
        start(f"{server}+{loop(form.format(method))}", "unix:s" if "unix" in method else "127.0.0.1:0")
    assert raised.value.status == 1
    assert raised.value.stderr == f"upecho: the event loop odd.Odd does not implement {method}()\n"


@pytest.mark.parametrize("method", ["sock_recv", "sock_sendall"])
def test_method_that_only_connections_need_is_missed_before_the_server_is_ready(
    start: Start, loop: Loop, method: str
) -> None:
    with pytest.raises(StartFailure) as raised:
        start(f"asyncio-sock+{loop(LACKING.format(method))}")
    assert raised.value.stderr == f"upecho: the event loop odd.Odd does not implement {method}()\n"


def send_until_stalled(client: socket.socket) -> int:
    """Send until neither side takes any more; return the number of bytes."""
    client.settimeout(0.2)
    sent = 0
    with contextlib.suppress(TimeoutError):
        while True:
            sent += client.send(b"x" * 100_000)
    return sent


@pytest.mark.parametrize("server", ASYNCIO_SERVERS)
def test_loop_that_does_not_reveal_its_sockets_stops_without_loss(start: Start, loop: Loop, server: str) -> None:
    process = start(f"{server}+{loop(SECRETIVE)}")
    with connect(process.address, 20) as idle, connect(process.address, 20) as stalled:
        for client in (idle, stalled):
            assert exchange(client) == b"HELLO"
        sent = send_until_stalled(stalled)
        process.child.send_signal(signal.SIGTERM)
        assert idle.recv(1) == b""
        stalled.settimeout(20)
        assert sum(iter(lambda: len(stalled.recv(1_000_000)), 0)) == sent
    assert process.child.wait(20) == 0
    assert process.child.stderr() == ""


@pytest.mark.parametrize("server", ASYNCIO_SERVERS)
def test_loop_that_does_not_tell_where_it_listens_is_not_accused(start: Start, loop: Loop, server: str) -> None:
    process = start(f"{server}+{loop(SILENT)}")
    with connect(process.address, 20) as client:
        assert exchange(client) == b"HELLO"
    assert process.stop() == 0


def test_warning_of_a_constructor_comes_before_the_server_is_ready(start: Start, loop: Loop) -> None:
    warning = "    def __init__(self):\n        import warnings; warnings.warn('odd')\n        super().__init__()\n"
    process = start(f"asyncio+{loop(warning)}")
    assert "odd" in process.child.stderr()


def test_families_that_a_loop_declares_limit_the_server(loop: Loop) -> None:
    name = loop("", "FAMILIES = ('inet',)")
    assert load_implementation(f"asyncio+{name}").declared.families == {Family.INET}
    assert load_implementation("asyncio").declared.families == set(Family)


def test_loop_documented_without_unix_sockets_is_unsupported_there() -> None:
    pytest.importorskip("rloop")
    assert load_implementation("asyncio+rloop:new_event_loop").declared.families == {Family.INET, Family.INET6}


def test_module_of_the_name_of_an_unknown_loop_is_suggested(directory: Path) -> None:
    (directory / "fastloop.py").write_text("raise SystemExit('imported')")
    code = "from upecho.serving.loading import loops; loops.load_loop('fastloop')"
    done = subprocess.run([sys.executable, "-c", code], cwd=directory, capture_output=True, text=True, check=False)
    message = "unknown loop 'fastloop'; to use the module fastloop, write its factory, as in fastloop:new_event_loop"
    assert done.stderr.splitlines()[-1].endswith(message)
