"""Counting with Callgrind: real servers, and what goes wrong without it."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fake_valgrind import STEP, VERSION, install
from upecho.net.connecting import connect
from upecho.processes.counting.callgrind import Callgrind, Uncountable
from upecho.processes.server_process import Launch, ServerProcess
from upecho.processes.starting import start_server
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Target
from upecho.support import timeouts
from upecho.support.errors import HarnessError, Unavailable

needs_valgrind = pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")

# Valgrind says which system calls it does not know; Python can do without those, such as pidfd_open in 3.15.
REMARK = re.compile(r"^--\d+-- .*\n", re.MULTILINE)


def counted(
    supervisor: Supervisor, counter: Callgrind, serve: Callable[[ServerProcess], object], target: str = "selectors"
) -> int:
    """Return the count of a server that ``serve`` uses and then has to stop cleanly."""
    address = f"unix:{supervisor.directory}/s"
    with timeouts.stretched(counter.slowdown), counter.count(supervisor.directory) as count:
        launch = Launch(Target.implementation(target), address, prefix=count.prefix, layout=1)
        with start_server(supervisor, launch) as server:
            count.attach(server)
            serve(server)
            assert server.stop() == 0, server.child.stderr()
            assert REMARK.sub("", server.child.stderr()) == ""
        return count.total()


def exchange(server: ServerProcess) -> None:
    with connect(server.address, 60) as connection:
        connection.sendall(b"abc")
        assert connection.recv(3) == b"ABC"


@pytest.mark.once
@pytest.mark.long
@pytest.mark.unmeasured
@needs_valgrind
@pytest.mark.parametrize("target", ["selectors", "prefork"])
def test_server_under_valgrind_stops_cleanly_and_leaves_nothing(supervisor: Supervisor, target: str) -> None:
    total = counted(supervisor, Callgrind(), exchange, target)
    assert total > 10_000_000  # no Python starts with fewer
    assert list(supervisor.directory.iterdir()) == []


def test_counts_of_all_processes_are_added(
    supervisor: Supervisor, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(directory, monkeypatch)

    def add_another(_: ServerProcess) -> None:
        (file,) = supervisor.directory.glob("count-*/count.*")
        file.with_name("count.1").write_text("totals: 23\n")

    assert counted(supervisor, Callgrind(), add_another) == STEP + 23


def test_process_without_a_count_makes_the_server_uncountable(
    supervisor: Supervisor, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(directory, monkeypatch)

    def lose(_: ServerProcess) -> None:
        (file,) = supervisor.directory.glob("count-*/count.*")
        file.write_text("events: Ir\n")

    with pytest.raises(Uncountable, match=r"^1 of 1 processes left no count$"):
        counted(supervisor, Callgrind(), lose)
    assert list(supervisor.directory.iterdir()) == []


def test_directory_may_contain_a_percent_sign(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(directory, monkeypatch)
    (directory / "100%p").mkdir()
    with Callgrind().count(directory / "100%p") as count:
        assert count.prefix[-1].startswith(f"--callgrind-out-file={directory}/100%%p/count-")


def test_version_of_valgrind_is_known(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(directory, monkeypatch)
    assert Callgrind().tool == VERSION


def test_missing_valgrind_is_reported_with_how_to_install_it(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(directory))
    with pytest.raises(Unavailable) as raised:
        Callgrind()
    assert str(raised.value) == (
        "counting with Callgrind is unavailable here: valgrind is not on the PATH; install it, for example with "
        "apt install valgrind or dnf install valgrind"
    )


def test_broken_valgrind_is_a_fault_of_the_machine(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory / "valgrind").write_text("#!/bin/sh\nexit 3\n")
    (directory / "valgrind").chmod(0o755)
    monkeypatch.setenv("PATH", str(directory))
    with pytest.raises(HarnessError, match=rf"^{directory}/valgrind does not work: .*exit status 3"):
        Callgrind()
