"""Whether a server would handle a signal, wherever its handler is."""

import signal
import sys
import time
from pathlib import Path

import pytest

from tests.processes.commands import BIND_UNIX, command, serve
from upecho.processes.linux import procfs
from upecho.processes.server_process import Launch, ServerProcess
from upecho.processes.starting import start_server
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Kind, Target

# timeout(1) sends the signal twice. Python resets its handlers before it ends, so this handler ends the process itself.
LATE_HANDLER = f"""
import os, signal, socket, sys, time
{BIND_UNIX}
time.sleep(0.5)
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
while True: time.sleep(0.01)  # pause() would sleep through a signal that arrived just before it
"""

linux_only = pytest.mark.skipif(not procfs.AVAILABLE, reason="observes processes through /proc")


def handled(server: ServerProcess, number: signal.Signals) -> bool | None:
    return server.await_handler(number, 0).is_handled


@linux_only
@pytest.mark.parametrize("wrapper", ["", "timeout 300 "])
def test_late_signal_handler_is_awaited(supervisor: Supervisor, directory: Path, wrapper: str) -> None:
    (directory / "late.py").write_text(LATE_HANDLER)
    target = Target(f"cmd:{wrapper}{sys.executable} {directory}/late.py {{address}}", Kind.COMMAND)
    with start_server(supervisor, Launch(target, f"unix:{directory}/s")) as server:
        assert handled(server, signal.SIGTERM) is False
        assert server.await_handler(signal.SIGTERM, 10).is_handled
        assert handled(server, signal.SIGUSR1) is False
        assert server.stop() == 0


@linux_only
@pytest.mark.parametrize(
    "how",
    [
        "signal.signal(15, lambda *_: None)",
        "signal.signal(15, signal.SIG_IGN)",
        "signal.pthread_sigmask(signal.SIG_BLOCK, [15])",
    ],
)
def test_signal_that_is_caught_ignored_or_blocked_is_handled(supervisor: Supervisor, directory: Path, how: str) -> None:
    code = f"import signal, socket, sys; {how}; {BIND_UNIX}; signal.pause()"
    with start_server(supervisor, Launch(command(code), f"unix:{directory}/s")) as server:
        assert handled(server, signal.SIGTERM) is True
        assert handled(server, signal.SIGINT) is True  # Python's own handler
        assert handled(server, signal.SIGHUP) is False


@linux_only
def test_wrapper_without_a_handler_does_not_handle_a_signal(supervisor: Supervisor, directory: Path) -> None:
    target = Target(f"cmd:sh -c '\"$@\" & wait' sh {serve('threads')}", Kind.COMMAND)
    with start_server(supervisor, Launch(target, f"unix:{directory}/s")) as server:
        assert handled(server, signal.SIGTERM) is False


@linux_only
def test_missing_handler_is_waited_for_no_longer_than_told(supervisor: Supervisor, directory: Path) -> None:
    code = f"import signal, socket, sys; {BIND_UNIX}; signal.pause()"
    with start_server(supervisor, Launch(command(code), f"unix:{directory}/s")) as server:
        began = time.monotonic()
        assert server.await_handler(signal.SIGTERM, 0.1).is_handled is False
        assert 0.1 <= time.monotonic() - began < 5
        server.child.kill()
        assert server.await_handler(signal.SIGTERM, 600).is_handled is None
