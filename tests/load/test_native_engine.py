"""What only the native engine supports: pipelining, churn, schedules, many connections."""

import contextlib
import itertools
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from upecho.load import python_engine
from upecho.load.engine import best, engine
from upecho.load.engine_process import EngineProcess
from upecho.load.histogram import bucket, highest
from upecho.load.plan import Failure, Job, LoadResult, Plan
from upecho.net.address import Address, Family
from upecho.processes.linux import procfs
from upecho.processes.server_process import ServerProcess
from upecho.processes.supervisor import Supervisor
from upecho.support.errors import HarnessError, Unavailable

Start = Callable[..., ServerProcess]

pytestmark = pytest.mark.skipif(best() != "native", reason="the C extension was not built")
FAMILIES = [family for family in Family if family.is_available()]
LOOPED = "selectors"


def run(address: Address, plan: Plan) -> LoadResult:
    return engine("native")(address, plan)


def bind(family: Family, directory: Path) -> str:
    binds = {Family.INET6: "[::1]:0", Family.UNIX: f"unix:{directory}/x", Family.ABSTRACT: f"unix:@{directory}"}
    return binds.get(family, "127.0.0.1:0")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.value)
@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(Plan(3, 64, 60.0, 20.0, max_requests=500, depth=16), id="pipelining"),
        pytest.param(Plan(2, 100_000, 60.0, 20.0, max_requests=100, depth=8), id="more-than-the-kernel-takes"),
        pytest.param(Plan(8, 1024, 60.0, 20.0, max_requests=100, churn=True), id="churn"),
        pytest.param(Plan(4, 64, 60.0, 20.0, max_requests=100, rate=1000.0), id="schedule"),
        pytest.param(Plan(4, 64, 60.0, 20.0, max_requests=100, rate=1000.0, churn=True), id="scheduled-churn"),
        pytest.param(Plan(2, 64, 60.0, 20.0, max_requests=100, depth=4, rate=1000.0, idle=20), id="idle-connections"),
        pytest.param(Plan(3, 64, 60.0, 20.0, max_requests=500, poll_seconds=100e-6), id="polling"),
        pytest.param(Plan(4, 64, 60.0, 20.0, max_requests=100, rate=1000.0, poll_seconds=0.1), id="scheduled-polling"),
    ],
)
def test_every_kind_of_plan_over_every_family(family: Family, plan: Plan, start: Start, directory: Path) -> None:
    server = start(LOOPED, bind(family, directory))
    result = run(server.address, plan)
    assert not result.errors
    assert result.requests == plan.max_requests
    assert result.payload_bytes == result.requests * plan.message_size


@pytest.mark.parametrize(
    "plan",
    [
        Plan(1, 64, 1, 1, depth=2),
        Plan(1, 64, 1, 1, rate=5.0),
        Plan(1, 64, 1, 1, churn=True),
        Plan(2, 64, 1, 1, threads=2),
    ],
)
def test_python_engine_refuses_plans_it_does_not_support(plan: Plan) -> None:
    with pytest.raises(Unavailable, match="the native engine does"):
        python_engine.run(Address.parse("127.0.0.1:1"), plan)


class Peer:
    """A server in a thread that accepts one client and passes it to a handler."""

    def __init__(self, handler: Callable[[socket.socket], None]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address.of(self._listener)
        self._thread = threading.Thread(target=self._serve, args=[handler])
        self._thread.start()

    def _serve(self, handler: Callable[[socket.socket], None]) -> None:
        with self._listener:
            connection, _ = self._listener.accept()
        with connection, contextlib.suppress(ConnectionError):
            handler(connection)

    def __enter__(self) -> Address:
        return self.address

    def __exit__(self, *_: object) -> None:
        self._thread.join()


def test_swapped_pipelined_replies_are_a_mismatch() -> None:
    def swapping(connection: socket.socket) -> None:
        connection.sendall(connection.recv(64, socket.MSG_WAITALL).upper())
        first, second = (connection.recv(64, socket.MSG_WAITALL).upper() for _ in range(2))
        connection.sendall(second + first)
        while connection.recv(65536):
            pass

    with Peer(swapping) as address:
        assert run(address, Plan(1, 64, 60.0, 10.0, depth=2, max_requests=2)).errors == {Failure.MISMATCH: 1}


def test_depth_is_the_number_of_requests_in_flight() -> None:
    seen: list[int] = []

    def waiting(connection: socket.socket) -> None:
        connection.sendall(connection.recv(64, socket.MSG_WAITALL).upper())
        connection.settimeout(0.3)
        data = b""
        with contextlib.suppress(TimeoutError):
            while more := connection.recv(65536):
                data += more
        seen.append(len(data) // 64)
        connection.settimeout(10)
        connection.sendall(data.upper())
        while more := connection.recv(65536):
            connection.sendall(more.upper())

    with Peer(waiting) as address:
        assert not run(address, Plan(1, 64, 0.1, 10.0, depth=7)).errors
    assert seen == [7]


def test_latency_of_a_scheduled_request_starts_when_it_is_due() -> None:
    """The server stalls once for 0.3 s; in a closed loop only one of its 500 requests would have been delayed."""

    def stalling(connection: socket.socket) -> None:
        for number in itertools.count():
            data = connection.recv(64, socket.MSG_WAITALL)
            if not data:
                return
            if number == 100:
                time.sleep(0.3)
            connection.sendall(data.upper())

    with Peer(stalling) as address:
        result = run(address, Plan(1, 64, 1.0, 10.0, rate=500.0))
    assert not result.errors
    assert result.requests == 500
    # About 150 requests become due during the stall and wait for its end, so their latencies spread over 0 to 0.3 s.
    assert 0.25e9 < result.latency.p99_ns <= highest(bucket(result.latency.max_ns))
    assert result.latency.mean_ns > 150 / 500 * 0.1e9


def test_empty_polls_are_not_counted_as_cpu_time() -> None:
    def slow(connection: socket.socket) -> None:
        while data := connection.recv(64, socket.MSG_WAITALL):
            time.sleep(0.005)
            connection.sendall(data.upper())

    spent: dict[float, float] = {}
    for poll_seconds in (0.0, 1.0):
        with Peer(slow) as address:
            before = time.process_time()
            result = run(address, Plan(1, 64, 0.3, 10.0, poll_seconds=poll_seconds))
            spent[poll_seconds] = time.process_time() - before
        assert not result.errors
        assert not result.saturated
    assert spent[1.0] > 3 * spent[0.0]
    assert result.engine_cpu_ns < spent[1.0] / 2 * 1e9


@pytest.mark.parametrize("deadline", [0.1, 0.3], ids=["during-the-schedule", "after-the-schedule"])
def test_schedule_on_a_silent_server_ends_at_the_deadline(deadline: float) -> None:
    def falling_silent(connection: socket.socket) -> None:
        connection.sendall(connection.recv(64, socket.MSG_WAITALL).upper())
        while connection.recv(65536):
            pass

    with Peer(falling_silent) as address:
        result = run(address, Plan(1, 64, 0.2, deadline, rate=1000.0))
    assert result.errors == {Failure.TIMED_OUT: 1}


def test_schedule_keeps_its_rate(start: Start) -> None:
    result = run(start(LOOPED).address, Plan(4, 64, 0.5, 10.0, rate=2000.0))
    assert not result.errors
    assert result.requests == 1000
    assert result.elapsed_ns >= 0.499e9


def test_requests_beyond_the_capacity_are_late_but_not_skipped(start: Start) -> None:
    result = run(start(LOOPED).address, Plan(1, 64, 0.04, 30.0, rate=500_000.0))
    assert not result.errors
    assert result.requests == 20_000
    assert result.latency.max_ns > 0.1e9


def test_ctrl_c_ends_a_run_within_a_tenth_of_a_second(start: Start) -> None:
    script = (
        "import sys, time\n"
        "from upecho.net.address import Address\n"
        "from upecho.load import native_engine\n"
        "from upecho.load.plan import Plan\n"
        "try:\n"
        "    native_engine.run(Address.parse(sys.argv[1]), Plan(4, 64, 60, 60), lambda: print('go', flush=True) or 0)\n"
        "except KeyboardInterrupt:\n"
        "    print(time.monotonic())\n"
    )
    command = [sys.executable, "-c", script, str(start(LOOPED).address)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        assert child.stdout.readline() == "go\n"
        time.sleep(0.2)
        sent = time.monotonic()
        child.send_signal(signal.SIGINT)
        ended = float(child.stdout.read())
    assert ended - sent < 0.1


def test_descriptor_limit_is_named_when_it_is_exceeded(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start(LOOPED)
    _, hard = limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        with pytest.raises(HarnessError, match=rf"may open 64 here, and {hard} at most \(ulimit -n"):
            run(server.address, Plan(100, 64, 1.0, 10.0))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_run_leaves_no_descriptor_open(start: Start) -> None:
    address = start(LOOPED).address
    before = len(list(Path("/proc/self/fd").iterdir()))
    run(address, Plan(10, 64, 0.05, 10.0, idle=10))
    run(address, Plan(10, 64, 0.05, 10.0, churn=True))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_churn_closes_each_connection_before_the_next(start: Start) -> None:
    address = start("blocking").address  # it serves a client only after the one before has left
    result = run(address, Plan(1, 64, 60.0, 10.0, max_requests=50, churn=True))
    assert (result.errors, result.requests) == ({}, 50)


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 11_000, reason="this needs 11 000 descriptors")
def test_ten_thousand_connections_stay_under_100_mb(supervisor: Supervisor, start: Start, directory: Path) -> None:
    server = start("native", f"unix:{directory}/x")
    client = EngineProcess(supervisor)
    result = client.run(Job(str(server.address), Plan(10_000, 1024, 60.0, 30.0, max_requests=20_000), engine="native"))
    assert (result.errors, result.requests >= 20_000) == ({}, True)
    (process,) = supervisor._children
    assert 0 < procfs.use(process.pid).peak_bytes < 100e6
