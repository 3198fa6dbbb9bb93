"""``upecho bench`` with servers that run already: it measures them, says what that means, and leaves them alone."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from upecho.cli.bench import conformance
from upecho.conformance.run import gate
from upecho.measure.cores import Cores
from upecho.measure.results import Results, Running
from upecho.processes import running_server
from upecho.processes.linux import listening, procfs
from upecho.processes.server_process import Launch, ServerProcess
from upecho.processes.starting import start_server
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Target

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not procfs.AVAILABLE, reason="observing other processes takes /proc, which only Linux has"),
]

TINY = ("--rounds", "1", "--seconds", "0.03", "--scenario", "throughput", "--no-check")

# Forks a process that has the listening socket open, too; prints the address and the id of that process.
TWO_LISTENERS = """
import os, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
worker = os.fork()
if worker:
    print(f"127.0.0.1:{listener.getsockname()[1]} {worker}", flush=True)
sys.stdin.read()
"""

Main = Callable[..., tuple[int, str, str]]
Refusal = Callable[..., str]


@pytest.fixture
def server(supervisor: Supervisor) -> Iterator[ServerProcess]:
    """A server that upecho did not start, on the cores on which upecho runs its own."""
    launch = Launch(Target.implementation("threads"), "127.0.0.1:0", cores=Cores.divided().servers)
    with start_server(supervisor, launch) as one:
        yield one
        assert one.child.is_alive(), "a server that upecho did not start has ended"


@pytest.fixture
def stranger(supervisor: Supervisor) -> int:
    """The id of a process that is no server."""
    return supervisor.start(["sleep", "600"]).pid


def text(shown: str) -> str:
    return " ".join(shown.split())


def test_observed_server_is_compared_with_others(server: ServerProcess, upecho_here: Main, tmp_path: Path) -> None:
    file, address, pid = tmp_path / "results.json", str(server.address), server.child.pid
    status, shown, said = upecho_here("bench", address, "selectors", "--pid", str(pid), *TINY, "--save", str(file))
    assert status == 0, said
    results = Results.from_json(file.read_text())
    assert {str(one.cell.family) for one in results.trials} == {"inet"}, "only over the family of the address"
    found = {one.cell.target: one for one in results.trials}
    assert {address, "selectors"} <= set(found)
    load = found[address].load
    assert load
    assert load.server_cpu_ns
    assert found[address].resident_bytes is None, "its memory before the first connection is unknown"
    assert {one.cell.target: one.running for one in results.requested}[address] == Running((pid,))
    assert f"{address} ran already, so that all trials are of the same process" in text(shown)
    assert f"{address}: CPU time of process {pid} and all descendants" in text(shown)
    assert "in fresh server processes, except of servers that ran already" in text(shown)


def test_server_that_is_not_observed_has_no_cost(server: ServerProcess, upecho_here: Main) -> None:
    address = str(server.address)
    status, shown, _ = upecho_here("bench", address, *TINY)
    assert status == 0
    assert "CPU µs/req: CPU time" not in shown
    assert "elapsed time per request relative to the cheapest server" in text(shown)
    assert "native" not in shown.split("load engine")[0]
    status, shown, _ = upecho_here("bench", address, "selectors", *TINY)
    assert status == 0
    assert f"{address} CPU time unknown; " in text(shown)


def test_server_on_the_core_of_the_engine_is_not_compared(server: ServerProcess, upecho_here: Main) -> None:
    cores = Cores.divided()
    if not cores.engine:
        pytest.skip("the engine has no core of its own")
    os.sched_setaffinity(server.child.pid, {*cores.engine, *cores.servers})
    address, pid = str(server.address), str(server.child.pid)
    status, shown, _ = upecho_here("bench", address, "selectors", "--pid", pid, *TINY)
    assert status == 0
    assert f"{address} may run on the core of the load engine" in text(shown)
    assert " µs/req on shared core; " in text(shown)


def test_checks_are_run_on_a_server_that_runs_already(
    server: ServerProcess, upecho_here: Main, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = [check for check in gate.demanded() if check.id in ("echo-hello", "half-close")]
    monkeypatch.setattr(conformance, "demanded", lambda **_: checks)
    status, shown, said = upecho_here("bench", str(server.address), *TINY[:-1])
    assert status == 0, said
    assert said.startswith("checking conformance")
    assert "all servers passed the MUST checks" in text(shown)


def test_killed_run_leaves_the_server_alone(server: ServerProcess) -> None:
    arguments = ["bench", str(server.address), "--pid", str(server.child.pid), "--no-check", "--seconds", "30"]
    with subprocess.Popen([sys.executable, "-m", "upecho", *arguments], stderr=subprocess.PIPE) as run:
        assert run.stderr
        assert run.stderr.readline().startswith(b"round 1")
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=60)
    assert server.child.is_alive()
    with socket.create_connection((server.address.host, server.address.port)) as client:
        client.sendall(b"hello")
        assert client.recv(5, socket.MSG_WAITALL) == b"HELLO"


def test_process_that_does_not_listen_there(server: ServerProcess, stranger: int, refusal: Refusal) -> None:
    line = refusal("bench", str(server.address), "--pid", str(stranger), *TINY)
    assert line.startswith(f"cannot observe process {stranger}: it does not listen at {server.address}; ")
    assert f"process {server.child.pid} (" in line


def test_process_that_upecho_descends_from(server: ServerProcess, refusal: Refusal) -> None:
    own = os.getpid()
    line = refusal("bench", str(server.address), "--pid", str(own), *TINY)
    assert line == f"cannot observe process {own}: upecho is a part of it, so its load engine would count as the server"


def test_process_of_another_user(server: ServerProcess, refusal: Refusal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "holders", lambda _pids, _inodes: ([], False))
    monkeypatch.setattr(running_server, "_owner", lambda _pid: "somebody")
    line = refusal("bench", str(server.address), "--pid", str(server.child.pid), *TINY)
    assert line.endswith("only its user and root may see what it has open; run upecho as somebody or as root")


def test_part_of_the_processes_that_listen(supervisor: Supervisor, refusal: Refusal) -> None:
    master = supervisor.start([sys.executable, "-S", "-c", TWO_LISTENERS])
    address, worker = (master.read_line(20) or "").split()
    line = refusal("bench", address, "--pid", worker, *TINY)
    assert line.startswith(f"not all processes of the server are observed: process {master.pid} (")
    assert f"may accept connections to {address}, too" in line


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["selectors", "--pid", "1"], "--pid is for a server that runs already; name its address as a target"),
        (["selectors", "--cgroup", "x"], "--cgroup is for a server that runs already; name its address as a target"),
        (["{address}", "--pid", "4194304"], "there is no process 4194304"),
        (["{address}", "--cgroup", "no/such"], "not a control group that counts CPU time: 'no/such'; name a directory"),
        (["{address}", "--family", "unix"], "{address} is of family inet, not unix"),
        (["unix:/no/such"], "cannot connect to unix:/no/such: no server is listening there"),
    ],
)
def test_bad_input_is_one_line(server: ServerProcess, arguments: list[str], line: str, refusal: Refusal) -> None:
    address = str(server.address)
    given = [one.format(address=address) for one in arguments]
    assert refusal("bench", *given, *TINY).startswith(line.format(address=address))
