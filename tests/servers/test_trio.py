"""A framework that takes the wake-up descriptor and signal handlers of the process, as the contract allows."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.exchange import exchange
from upecho.net.connecting import connect
from upecho.processes.server_process import ServerProcess

pytest.importorskip("trio")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_trio_serves_and_stops_without_a_warning(
    start: Callable[..., ServerProcess], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.chdir(Path(__file__).parent)
    server = start("trio_server:serve")
    with connect(server.address, 5) as client:
        assert exchange(client) == b"HELLO"
        assert server.stop(number) == 0
    assert server.child.stderr() == ""
