"""Masters and workers on this machine: who is refused, who is lost, and that nothing is left behind."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.distributed.counting_server import CountingServer
from tests.killable import Harness
from upecho.processes.linux import procfs

pytestmark = [
    pytest.mark.long,
    pytest.mark.once,
    pytest.mark.usefixtures("locust"),
    pytest.mark.skipif(not procfs.AVAILABLE, reason="needs /proc"),
]

Eventually = Callable[[Callable[[], object]], None]
Starter = Callable[..., Harness]

FEW = ("--rate", "100")  # requests, which leave the processor to other tests
UNENDING = ("--seconds", "600", *FEW)
SECONDS = 100.0  # until a process that has nothing left to do has ended, on a busy machine
OF_ANOTHER_VERSION = """
import sys, upecho
upecho.__version__ = "0.0.1"
from upecho.cli import main
sys.argv[0] = "upecho"
main()
"""
LOCUSTFILE = """
from locust import User, constant, task

class Someone(User):
    wait_time = constant(1)

    @task
    def nothing(self):
        pass
"""


@pytest.fixture
def server() -> Iterator[CountingServer]:
    with CountingServer.start() as one:
        yield one


@pytest.fixture
def start(directory: Path) -> Iterator[Starter]:
    """Start ``upecho locust``, or another program of this Python; whatever is left of it ends with the test."""
    with ExitStack() as stack:

        def start(*arguments: str, program: tuple[str, ...] = ("-m", "upecho", "locust")) -> Harness:
            return stack.enter_context(Harness(directory, sys.executable, *program, *arguments, stderr=subprocess.PIPE))

        yield start


def line(harness: Harness) -> str:
    assert harness.popen.stderr
    return harness.popen.stderr.readline().decode().removeprefix("upecho: ").rstrip("\n")


def end(harness: Harness) -> tuple[int, str, str]:
    """Wait for the end of a command; return its exit status, stdout and stderr."""
    out, err = harness.popen.communicate(timeout=SECONDS)
    return harness.popen.returncode, out.decode(), err.decode()


def master(start: Starter, server: CountingServer, *arguments: str) -> tuple[Harness, str]:
    """Start a master and return it with the address at which it waits for workers."""
    harness = start(server.address, "--master", "127.0.0.1:0", *arguments)
    found = re.match(r"waiting at (\S+) for", line(harness))
    assert found
    return harness, found[1]


def test_workers_on_this_machine_count_what_the_server_has_received(
    start: Starter, server: CountingServer, tmp_path: Path
) -> None:
    file = tmp_path / "run.json"
    load = ("--workers", "3", "--seconds", "0.5", "--connections", "10", "--message-size", "100")
    status, out, err = end(start(server.address, *load, "--save", str(file)))
    assert (status, err) == (0, "")
    assert "all 3 of 3 workers           10 " in out
    run = json.loads(file.read_text())
    requests = [part["load"]["requests"] for part in run["parts"]]
    assert run["load"]["requests"] == sum(requests) > 0 < min(requests)
    beside = 2 * 10  # the engine exchanges one request on each connection before the load, and one after it
    assert server.counts() == {"127.0.0.1": (sum(requests) + beside) * 100}


def test_only_workers_of_the_same_upecho_take_part(start: Starter, server: CountingServer, tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text(LOCUSTFILE)
    head, address = master(start, server, "--workers", "1", "--seconds", "0.1")
    host, _, port = address.rpartition(":")
    options = ("-f", str(tmp_path / "plain.py"), "--worker", "--master-host", host, "--master-port", port)
    plain = start(*options, program=("-m", "locust"))
    assert "is refused: it is a plain worker of Locust; start upecho locust --worker instead" in line(head)
    assert end(plain)[0] == 0  # Locust was told to end
    status, _, err = end(start("locust", "--worker", address, program=("-c", OF_ANOTHER_VERSION)))
    expected = f"upecho: the master at {address} refuses it: this worker has upecho 0.0.1 with protocol 1, but"
    assert (status, err[: len(expected)], err.count("\n")) == (2, expected, 1)
    assert "is refused: it has upecho 0.0.1 with protocol 1, but this master has" in line(head)
    assert end(start("--worker", address))[0] == 0
    status, out, _ = end(head)
    assert status == 0
    assert "all 1 of 1 worker " in out


def test_master_without_workers_ends(start: Starter, server: CountingServer) -> None:
    head, _ = master(start, server, "--wait", "0.5")
    assert end(head) == (
        3,
        "",
        "upecho: 0 of 2 workers came within 0.5 s; start upecho locust --worker on each machine\n",
    )


def test_worker_without_a_master_ends(start: Starter, server: CountingServer) -> None:
    """Also if something else listens there."""
    for address in ("127.0.0.1:9", server.address):
        status, out, err = end(start("--worker", address, "--wait", "0.5"))
        expected = f"upecho: the master at {address}: no master of upecho has answered within 0.5 s\n"
        assert (status, out, err) == (2, "", expected)


@pytest.mark.parametrize("how", ["killed", "machine lost"])
def test_lost_master_ends_its_workers(start: Starter, server: CountingServer, eventually: Eventually, how: str) -> None:
    head, address = master(start, server, "--workers", "1", *UNENDING)
    worker = start("--worker", address)
    eventually(server.counts)
    victims = [head.popen.pid] if how == "killed" else [*head.survivors()]
    for number in (signal.SIGSTOP, signal.SIGKILL):  # stopped first, so that none of them notices the end of another
        for pid in victims:
            os.kill(pid, number)
    status, _, err = end(worker)
    reasons = {": it has ended the load"} if how == "killed" else set()  # if Locust notices before it is ended, too
    reasons.add(" is lost: not heard of for 10 s")
    assert status == 3
    assert err.splitlines()[-1].removeprefix(f"upecho: the master at {address}") in reasons
    eventually(lambda: not worker.survivors() and not head.survivors())


def test_terminated_worker_says_so(start: Starter, server: CountingServer, eventually: Eventually) -> None:
    head, address = master(start, server, "--workers", "2", "--seconds", "3", *FEW)
    workers = [start("--worker", address) for _ in range(2)]
    eventually(server.counts)
    workers[0].popen.terminate()
    assert end(workers[0])[0] == 128 + signal.SIGTERM
    assert end(workers[1])[0] == 0
    status, out, _ = end(head)
    assert status == 3
    assert f"/{workers[0].popen.pid} is lost: terminated by SIGTERM" in out
    assert "all 1 of 2 workers" in out


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda one: one.name)
def test_ended_command_leaves_nothing_behind(
    start: Starter, server: CountingServer, eventually: Eventually, number: signal.Signals
) -> None:
    harness = start(server.address, *UNENDING)
    eventually(server.counts)
    harness.popen.send_signal(number)
    status, out, err = end(harness)
    terminated = (128 + number, "", "upecho: terminated by SIGTERM\n")
    assert (status, out, err) == ((-number, "", "") if number is signal.SIGKILL else terminated)
    eventually(lambda: not harness.left_behind())


def test_server_that_does_not_listen_is_reported_with_the_kind_of_failure(start: Starter) -> None:
    status, out, err = end(start("127.0.0.1:9", "--seconds", "0.1"))
    assert (status, err) == (1, "")
    assert "failures: 2 connections refused" in out


def test_address_in_use_is_reported(start: Starter, server: CountingServer) -> None:
    status, out, err = end(start(server.address, "--master", server.address))
    line = f"cannot listen on {server.address}: the address is in use; stop what listens there or choose another"
    assert (status, out, err) == (2, "", f"upecho: {line}\n")


def test_death_of_a_part_is_reported(start: Starter, server: CountingServer, eventually: Eventually) -> None:
    """First of the engine of a worker, then of the process that runs Locust for the master."""
    head, address = master(start, server, "--workers", "2", *UNENDING)
    workers = [start("--worker", address) for _ in range(2)]
    eventually(server.counts)
    kill(workers[0], b"upecho.load")
    reason = "upecho: the load engine was killed by SIGKILL: no output on stderr"
    status, _, err = end(workers[0])
    assert (status, err.splitlines()[-1]) == (3, reason)
    kill(head, b"upecho.distributed.locust_process")
    status, out, err = end(head)
    reason = "upecho: the process that runs Locust was killed by SIGKILL: no output on stderr"
    assert (status, out, err.splitlines()[-1]) == (3, "", reason)


def kill(harness: Harness, program: bytes) -> None:
    (pid,) = (pid for pid, command in harness.survivors().items() if program in command)
    os.kill(pid, signal.SIGKILL)
