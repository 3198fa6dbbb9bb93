"""Several threads of the native engine do together what one does, verify as much, and end together."""

import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DEADLINE_SECONDS
from tests.load.handlers import CountingServer, Handler, after, answering, correct, reset, serving, wait_for_end
from upecho.load.engine import Meter, best, engine
from upecho.load.plan import Failure, LoadResult, Plan
from upecho.net.address import Address
from upecho.processes.linux import procfs
from upecho.processes.server_process import ServerProcess
from upecho.support.errors import HarnessError

Start = Callable[..., ServerProcess]

needs_two_cores = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="this needs two cores"
)
pytestmark = pytest.mark.skipif(best() != "native", reason="the C extension was not built")
SERVER = "selectors"
THREADS = pytest.mark.parametrize("threads", [2, 3, 5])


def run(address: Address, plan: Plan, meter: Meter | None = None) -> LoadResult:
    return engine("native")(address, plan, meter)


def loaded(handler: Handler, plan: Plan, meter: Meter | None = None) -> LoadResult:
    with serving(handler) as address:
        return run(address, plan, meter)


@THREADS
@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(Plan(5, 64, 60.0, 20.0, max_requests=501), id="closed-loop"),
        pytest.param(Plan(5, 64, 60.0, 20.0, max_requests=501, depth=16), id="pipelining"),
        pytest.param(Plan(6, 100_000, 60.0, 20.0, max_requests=100, depth=8), id="more-than-the-kernel-takes"),
        pytest.param(Plan(7, 1024, 60.0, 20.0, max_requests=100, churn=True), id="churn"),
        pytest.param(Plan(5, 64, 60.0, 20.0, max_requests=101, rate=1000.0), id="schedule"),
        pytest.param(Plan(5, 64, 60.0, 20.0, max_requests=101, rate=1000.0, churn=True, idle=4), id="scheduled-churn"),
        pytest.param(Plan(5, 64, 60.0, 20.0, max_requests=101, idle=17, poll_seconds=100e-6), id="idle-connections"),
    ],
)
def test_every_kind_of_plan_is_carried_out_as_by_one_thread(plan: Plan, threads: int, start: Start) -> None:
    result = run(start(SERVER).address, replace(plan, threads=threads))
    assert (result.errors, result.requests, sum(result.slices)) == ({}, plan.max_requests, plan.max_requests)
    assert result.threads == threads
    assert result.latency.max_ns <= result.elapsed_ns


def test_no_thread_is_without_connections(start: Start) -> None:
    result = run(start(SERVER).address, Plan(2, 64, 60.0, 10.0, max_requests=10, idle=9, threads=8))
    assert (result.errors, result.requests, result.threads) == ({}, 10, 2)


@THREADS
def test_schedule_is_that_of_one_thread(threads: int) -> None:
    """Every connection gets as many requests, and the last one is due as late."""
    sizes: list[int] = []

    def answer(connection: socket.socket) -> None:
        size = 0
        while data := connection.recv(65536):
            size += len(data)
            connection.sendall(data.upper())
        sizes.append(size)

    result = loaded(answer, Plan(5, 64, 0.25, 20.0, rate=2000.0, idle=3, threads=threads))
    assert (result.errors, result.requests) == ({}, 500)
    assert Counter(sizes) == {(100 + 2) * 64: 5, 2 * 64: 3}  # one exchange to open and one to close
    assert result.elapsed_ns >= 499 / 2000 * 1e9
    assert result.lag_histogram


@THREADS
def test_meter_is_read_while_no_thread_has_anything_in_flight(threads: int) -> None:
    server = CountingServer()
    result = loaded(server.answer, Plan(5, 64, 60.0, 10.0, max_requests=200, threads=threads), server.meter)
    assert server.readings == [5, 5 + 200]
    assert result.server_cpu_ns == 200
    assert len(server.served) == 5 + 200 + 5


@THREADS
def test_threads_send_different_bytes(threads: int) -> None:
    received: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        while data := connection.recv(64, socket.MSG_WAITALL):
            received.append(data)
            connection.sendall(data.upper())

    assert not loaded(answer, Plan(5, 64, 60.0, 10.0, max_requests=100, threads=threads)).errors
    assert len(set(received)) == len(received) == 5 + 100 + 5


@THREADS
@pytest.mark.parametrize(
    ("handler", "failure"),
    [
        pytest.param(after(3, reset), Failure.RESET, id="resets"),
        pytest.param(after(3, lambda _: None), Failure.EARLY_END, id="ends-early"),
        pytest.param(after(3, lambda connection: connection.sendall(bytes(64))), Failure.MISMATCH, id="invented"),
        pytest.param(after(3, lambda connection: connection.sendall(bytes(65))), Failure.MISMATCH, id="and-more"),
        pytest.param(after(3, wait_for_end), Failure.TIMED_OUT, id="falls-silent"),
    ],
)
def test_every_failed_connection_is_counted_by_kind(handler: Handler, failure: Failure, threads: int) -> None:
    deadline = 1.0 if failure is Failure.TIMED_OUT else 20.0
    plan = Plan(5, 64, 60.0, deadline, max_requests=1000, threads=threads)
    assert loaded(handler, plan).errors == {failure: 5}


def test_last_byte_is_compared_in_every_thread() -> None:
    """Only the connection that is opened last is wrong, wherever it is, and only in the last byte of late replies."""
    numbers = iter(range(10))
    counted = threading.Lock()

    def answer(connection: socket.socket) -> None:
        with counted:
            is_wrong = next(numbers) == 4
        for number in itertools.count():
            data = connection.recv(64, socket.MSG_WAITALL).upper()
            if not data:
                return
            connection.sendall(data[:-1] + b"\0" if is_wrong and number == 20 else data)

    assert loaded(answer, Plan(5, 64, 0.2, 20.0, threads=3)).errors == {Failure.MISMATCH: 1}


def test_failure_before_the_load_prevents_it_in_every_thread() -> None:
    numbers = iter(range(100))

    def answer(connection: socket.socket) -> None:
        (correct if next(numbers) else answering(lambda data: data))(connection)

    result = loaded(answer, Plan(9, 64, 60.0, 20.0, threads=3))
    assert (result.errors, result.requests) == ({Failure.MISMATCH: 1}, 0)


SCRIPT = """
import os, resource, sys, time
from upecho.load import native_engine
from upecho.load.plan import Plan
from upecho.net.address import Address
from upecho.processes.linux import procfs
from upecho.support.errors import HarnessError

def run(plan, look=lambda: print("opened", flush=True)):
    def meter():
        look()
        return procfs.use(os.getpid())

    return native_engine.run(Address.parse(sys.argv[1]), plan, meter)

def left():
    # The threads, and the sockets, timers and epolls that are open.
    links = [os.readlink(one) for number in range(3, 200) if os.path.lexists(one := f"/proc/self/fd/{number}")]
    return len(os.listdir("/proc/self/task")), sum(link.startswith(("socket:", "anon_inode:")) for link in links)
"""


def script(body: str, address: Address, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT + body, str(address), *more], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_ctrl_c_ends_all_threads(threads: int, start: Start) -> None:
    body = f"""
try:
    run(Plan(4, 64, 60, 60, threads={threads}))
except KeyboardInterrupt:
    print(*left())
"""
    with script(body, start(SERVER).address) as child:
        assert child.stdout
        assert child.stdout.readline() == "opened\n"
        child.send_signal(signal.SIGINT)
        assert child.communicate(timeout=DEADLINE_SECONDS)[0] == "1 0\n"


def test_ctrl_c_ends_a_thread_that_waits_for_the_others() -> None:
    """The first thread has opened its connection; the other one's is never answered."""
    accepted = threading.Event()
    numbers = iter(range(2))

    def answer(connection: socket.socket) -> None:
        if next(numbers):
            accepted.set()
            wait_for_end(connection)
        else:
            correct(connection)

    body = "try:\n    run(Plan(2, 64, 60, 60, threads=2))\nexcept KeyboardInterrupt:\n    print('ended')"
    with serving(answer) as address, script(body, address) as child:
        assert accepted.wait(30)
        child.send_signal(signal.SIGINT)
        assert child.communicate(timeout=DEADLINE_SECONDS)[0] == "ended\n"


def test_failing_meter_ends_all_threads(start: Start) -> None:
    def meter() -> procfs.Use:
        raise HarnessError("unreadable")

    address = start(SERVER).address
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(HarnessError, match="unreadable"):
        run(address, Plan(4, 64, 60.0, 60.0, threads=3), meter)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_system_error_in_one_thread_ends_the_others(start: Start) -> None:
    """There are descriptors for a few of the connections only; the other threads would have a minute left."""
    body = """
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
try:
    run(Plan(100, 64, 60, 60, threads=3))
except HarnessError as error:
    print(*left(), error)
"""
    with script(body, start(SERVER).address) as child:
        (line,) = child.communicate(timeout=DEADLINE_SECONDS)[0].splitlines()
    assert line.startswith("1 0 too few descriptors for the connections of the load: a process may open 40 here")


@pytest.mark.skipif("libasan" in os.environ.get("LD_PRELOAD", ""), reason="AddressSanitizer needs all address space")
def test_thread_that_cannot_be_created_ends_the_others(start: Start) -> None:
    """With stacks of 1 GiB, there is room for two or three threads."""
    body = """
if len(sys.argv) == 2:
    resource.setrlimit(resource.RLIMIT_STACK, (2**30, resource.getrlimit(resource.RLIMIT_STACK)[1]))
    os.execv(sys.executable, [*sys.orig_argv, "again"])
resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))
try:
    run(Plan(8, 64, 60, 60, threads=8))
except HarnessError as error:
    print(len(os.listdir("/proc/self/task")), error)
"""
    with script(body, start(SERVER).address) as child:
        output = child.communicate(timeout=DEADLINE_SECONDS)[0]
    assert output == "1 cannot start a thread of the load engine: Resource temporarily unavailable\n"


@needs_two_cores
def test_each_thread_has_a_core_of_its_own_if_there_are_as_many(start: Start) -> None:
    body = """
cores = set(sorted(os.sched_getaffinity(0))[:2])
os.sched_setaffinity(0, cores)
seen = []
def look():
    seen.append(sorted(tuple(os.sched_getaffinity(int(task))) for task in os.listdir("/proc/self/task")))
for threads in (2, 3, 1):
    run(Plan(3, 64, 60, 60, max_requests=9, threads=threads), look)
    assert os.sched_getaffinity(0) == cores
both = tuple(cores)
assert seen[::2] == seen[1::2] == [[(core,) for core in both], [both] * 3, [both]], seen
print("right")
"""
    with script(body, start(SERVER).address) as child:
        assert child.communicate(timeout=DEADLINE_SECONDS)[0] == "right\n"


def test_interruptions_of_all_threads_are_counted(start: Start) -> None:
    """The engine polls on a core on which a competitor never sleeps, so the system has to interrupt both."""
    body = """
core = {min(os.sched_getaffinity(0))}
os.sched_setaffinity(0, core)
competitor = os.fork()
while not competitor:
    pass
try:
    result = run(Plan(2, 64, 1.0, 60, rate=20.0, poll_seconds=1.0, threads=2))
finally:
    os.kill(competitor, 9)
    os.waitpid(competitor, 0)
print(result.engine_switches > 0)
"""
    with script(body, start(SERVER).address) as child:
        assert child.communicate(timeout=60)[0].splitlines()[-1] == "True"


def test_results_of_threads_add_up(start: Start) -> None:
    """Each thread has a share of the connections, its own counts, and its own use of the processor."""
    from tests.load.test_native_module import raw, run_threads  # noqa: PLC0415 (imports the extension)

    results: list[dict[str, Any]] = run_threads(raw(start(SERVER).address), threads=3, connections=8, max_requests=1000)
    assert [sum(one["latency"][0].values()) for one in results] == [334, 333, 333]
    assert all(one["cpu_ns"] > 0 and one["elapsed_ns"] > 0 for one in results)
