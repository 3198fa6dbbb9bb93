"""A server as checks see it: what its process uses, what it writes to stderr, and how it ended."""

import signal
import sys
from collections.abc import Callable

import pytest

from upecho.conformance.harness.servers import idle_cpu
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.servers.settling import expect_at_most
from upecho.conformance.harness.violation import Log, Violation
from upecho.net.address import Address
from upecho.processes.child import Child
from upecho.processes.linux import procfs
from upecho.processes.server_process import Launch, ServerProcess
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Kind, Target

linux_only = pytest.mark.skipif(not procfs.AVAILABLE, reason="reads /proc, which only Linux has")

NOWHERE = Address.parse("unix:/nowhere")
RESTS = "import sys; sys.stdin.read()"
SPINS = "while True: pass"
BURST = "end = time.process_time() + 0.06\n while time.process_time() < end: pass"
BURSTS = f"import time\nwhile True:\n {BURST}\n time.sleep(1)"
WAKES_OFTEN = "import time\nwhile True: time.sleep(0.1)"
REPEATS = "import sys\nfor line in sys.stdin: print(line, end='', file=sys.stderr, flush=True); print(flush=True)"


@pytest.fixture(autouse=True)
def short_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.1")


@pytest.fixture
def run(supervisor: Supervisor) -> Callable[..., Server]:
    """Run a program as if it were a server that is ready."""

    def run(program: str, kind: Kind = Kind.IMPLEMENTATION, descriptors: int | None = None) -> Server:
        child = supervisor.start([sys.executable, "-S", "-c", program])
        launch = Launch(Target("mine", kind), str(NOWHERE), descriptors=descriptors)
        return Server(NOWHERE, ServerProcess(child, NOWHERE, launch))

    return run


def say(child: Child, text: str) -> None:
    """Make a program that repeats its input write a line to stderr."""
    child.stdin.write(f"{text}\n".encode())
    assert child.read_line(20) == ""


@linux_only
@pytest.mark.parametrize("program", [RESTS, WAKES_OFTEN])
def test_idle_process_is_accepted(run: Callable[..., Server], program: str) -> None:
    run(program).expect_idle_cpu()


def test_process_that_finishes_its_work_is_idle(run: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle_cpu, "STEP_SECONDS", 0.01)
    monkeypatch.setattr(idle_cpu, "WINDOW_SECONDS", 0.01)
    readings = iter([0, 10**9, 2 * 10**9, 2 * 10**9])
    monkeypatch.setattr(procfs, "cpu_ns", lambda group: next(readings))
    monkeypatch.setattr(procfs, "is_busy", lambda group: False)  # the program may still be starting
    run(RESTS).expect_idle_cpu()
    assert list(readings) == []


@linux_only
def test_one_burst_a_second_counts_as_idle(run: Callable[..., Server]) -> None:
    for _ in range(3):
        run(BURSTS).expect_idle_cpu()


@linux_only
@pytest.mark.parametrize(
    "program", [SPINS, f"import os; os.fork() or exec('{SPINS}')\n{RESTS}"], ids=["alone", "child"]
)
def test_spinning_process_is_a_violation(run: Callable[..., Server], program: str) -> None:
    with pytest.raises(Violation, match=r"less than 3% of a core .* of a core"):
        run(program).expect_idle_cpu()


@linux_only
def test_spinning_process_that_gets_no_processor_is_a_violation(
    run: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle_cpu, "STEP_SECONDS", 0.02)
    monkeypatch.setattr(procfs, "cpu_ns", lambda group: 0)
    with pytest.raises(Violation, match="ready to run whenever it was looked at"):
        run(SPINS).expect_idle_cpu()


@linux_only
def test_children_are_counted_and_signalled(run: Callable[..., Server]) -> None:
    server = run(f"import os; os.fork(); print(flush=True)\n{RESTS}")
    process = server.process
    assert [process.child.read_line(20) for _ in range(2)] == ["", ""]
    assert (process.task_count(), process.descriptor_count()) == (2, 2 * 3)
    assert process.resident_bytes() > 0
    server.send_signal(signal.SIGKILL)
    assert process.child.wait(20) == -signal.SIGKILL
    expect_at_most(0, process.descriptor_count, "descriptors")  # init may take a while to reap a zombie


def test_ended_process_gets_no_signal(run: Callable[..., Server]) -> None:
    server = run("")
    assert server.process.child.wait(20) == 0
    server.send_signal(signal.SIGTERM)


def test_output_belongs_to_the_check_during_which_it_was_written(run: Callable[..., Server]) -> None:
    server = run(REPEATS)
    say(server.process.child, "one")
    assert server.stderr_during_check() == "one\n"
    server.begin_check(Log(), None)
    assert server.stderr_during_check() == ""
    say(server.process.child, "two")
    assert server.stderr_during_check() == "two\n"


@pytest.mark.parametrize(
    ("program", "how"),
    [
        ("raise SystemExit(3)", "the server ended with exit status 3"),
        ("", "the server ended with exit status 0; a command must stay in the foreground"),
        ("import os; os.kill(os.getpid(), 15)", "the server was killed by SIGTERM"),
    ],
)
def test_unrequested_end_is_described(run: Callable[..., Server], program: str, how: str) -> None:
    server = run(program, Kind.COMMAND)
    server.process.child.wait(20)
    assert server.unrequested_end() == how
    server.kill()
    assert server.unrequested_end() == ""


def test_running_server_has_not_ended(run: Callable[..., Server]) -> None:
    assert run(RESTS).unrequested_end() == ""
