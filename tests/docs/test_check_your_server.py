"""The servers that docs/guides/check-your-server.md shows pass the suite."""

import errno
import runpy
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

PAGE = Path("docs/guides/check-your-server.md")
CHECKS = ("echo-hello", "half-close-large", "reset-while-stalled", "hundred-clients", "graceful-shutdown")
MORE = ("graceful-shutdown-no-data-loss", "graceful-shutdown-stalled-client", "address-in-use", "no-errors-on-stderr")


@pytest.fixture
def servers(tmp_path: Path) -> Path:
    """Copy the servers to a directory of their own."""
    for path in (Path("docs/tutorial/threaded.py"), Path("docs/guides/streams.py")):
        assert path.name in PAGE.read_text()
        shutil.copy(path, tmp_path)
    return tmp_path


@pytest.mark.unmeasured
@pytest.mark.parametrize(
    ("target", "families"),
    [("threaded:serve", ("inet", "unix")), ("cmd:python streams.py {host} {port}", ("inet",))],
)
def test_server_passes_the_suite(
    upecho: Callable[..., Any], servers: Path, target: str, families: tuple[str, ...]
) -> None:
    assert target in PAGE.read_text()
    options = [f"--family={family}" for family in families] + [f"--check={check}" for check in CHECKS + MORE]
    target = target.replace("cmd:python", f"cmd:{sys.executable}")
    done = upecho("check", target, "--strict", *options, cwd=servers)
    assert done.returncode == 0, done.stdout + done.stderr
    count = len(families) * len(CHECKS + MORE)
    assert f"{count} checks due: {count} passed" in done.stdout


class FailingOnce(socket.socket):
    """A listener whose first client has left before it is accepted, which only some systems report."""

    has_failed = False

    def accept(self) -> Any:
        if not self.has_failed:
            self.has_failed = True
            raise ConnectionAbortedError(errno.ECONNABORTED, "the client is gone")
        return super().accept()


def test_threaded_server_answers_a_client_queued_behind_one_that_is_gone(servers: Path) -> None:
    serve = runpy.run_path(str(servers / "threaded.py"))["serve"]
    stop, told = socket.socketpair()
    with FailingOnce() as listener, socket.socket() as client, stop, told:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        client.connect(listener.getsockname())
        client.settimeout(5)
        client.sendall(b"queued")
        told.close()
        serve(listener, SimpleNamespace(fileno=stop.fileno, backlog=8, grace=5))
        assert client.recv(100) == b"QUEUED"
