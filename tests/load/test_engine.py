"""Each load engine against correct servers: what is counted, timed and read."""

import dataclasses
import resource
import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.load.handlers import CountingServer, correct, load, plan, run, serving, used
from upecho.load.connection import Connection
from upecho.load.histogram import bucket, decoded, highest
from upecho.load.plan import Plan, ServerUse
from upecho.net.address import Address, Family
from upecho.processes.linux import procfs
from upecho.processes.server_process import ServerProcess
from upecho.support.errors import AddressError

BIG = 1 << 23  # more bytes than the buffers of a TCP connection hold

pytestmark = pytest.mark.usefixtures("engine_name")


def test_requests_are_counted_and_timed(engine_name: str) -> None:
    result = load(correct, plan(connections=3, size=100))
    assert not result.errors
    assert 50 <= result.requests <= 52  # requests in flight at the end are completed
    assert result.payload_bytes == 100 * result.requests
    assert sum(decoded(result.latency.histogram).values()) == sum(result.slices) == result.requests
    assert 0 < result.latency.min_ns <= result.latency.p50_ns <= highest(bucket(result.latency.max_ns))
    assert result.latency.max_ns <= result.elapsed_ns
    assert result.engine == engine_name


@pytest.mark.parametrize("family", list(Family), ids=lambda family: family.value)
@pytest.mark.parametrize("target", ["threads", "asyncio"])
def test_every_family_is_supported(
    family: Family, target: str, start: Callable[..., ServerProcess], directory: Path
) -> None:
    if not family.is_available():
        pytest.skip("not here")
    binds = {Family.INET6: "[::1]:0", Family.UNIX: f"unix:{directory}/x", Family.ABSTRACT: f"unix:@{directory}"}
    server = start(target, binds.get(family, "127.0.0.1:0"))
    assert not run(server.address, plan(connections=4)).errors


def test_messages_larger_than_all_buffers_do_not_deadlock() -> None:
    result = load(correct, plan(connections=2, size=BIG, requests=4))
    assert not result.errors
    assert result.requests >= 4


def test_duration_ends_the_load() -> None:
    with serving(correct) as address:
        result = run(address, Plan(2, 64, duration_seconds=0.05, deadline_seconds=10.0))
    assert not result.errors
    assert 40e6 < result.elapsed_ns < 5e9


def test_a_closed_loop_keeps_all_its_requests_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    send = Connection._send  # of the Python engine; the machine may keep both engines from sending

    def slow_send(connection: Connection) -> None:
        send(connection)
        time.sleep(0.01)

    monkeypatch.setattr(Connection, "_send", slow_send)
    with serving(correct) as address:
        result = run(address, Plan(4, 64, duration_seconds=0.05, deadline_seconds=10.0))
    assert not result.errors
    assert result.requests * result.latency.mean_ns >= 0.999 * 4 * 0.05e9  # Little's law


def test_meter_is_read_with_all_connections_open_and_nothing_in_flight() -> None:
    server = CountingServer()
    with serving(server.answer) as address:
        result = run(address, plan(connections=3), server.meter)
    assert server.readings == [3, 3 + result.requests]
    assert result.server_cpu_ns == result.requests
    assert len(server.served) == 3 + result.requests + 3


def test_server_use_is_the_difference_of_two_readings() -> None:
    readings = iter([procfs.Use(100, 60, 40, 7, 1000, 2000, 3, 20), procfs.Use(150, 80, 70, 11, 1500, 2500, 5, 29)])
    with serving(correct) as address:
        result = run(address, plan(), lambda: next(readings))
    assert result.server == ServerUse(50, 20, 30, 4, 1000, 2500, 5, voluntary_switches=9)
    assert result.server_cpu_ns == 50


def test_ended_threads_do_not_make_switches_negative() -> None:
    readings = iter([procfs.Use(0, 0, 0, 7, 0, 0, 9), procfs.Use(0, 0, 0, 2, 0, 0, 1)])
    with serving(correct) as address:
        server = run(address, plan(), lambda: next(readings)).server
    assert server
    assert server.involuntary_switches == 0


@pytest.mark.parametrize(
    ("ended_ns", "processes", "known"),
    [(0, {1}, True), (10, {1, 2}, True), (11, {1}, False), (None, {1}, False), (0, {2}, False)],
    ids=["none", "few", "threads", "unknown", "process"],
)
def test_switches_are_known_unless_much_was_done_by_what_has_ended(
    ended_ns: int | None, processes: set[int], known: bool
) -> None:
    first = dataclasses.replace(used(0), processes=frozenset([1]))
    last = dataclasses.replace(used(1000), ended_ns=ended_ns, processes=frozenset(processes), voluntary_switches=3)
    readings = iter([first, last])
    with serving(correct) as address:
        server = run(address, plan(), lambda: next(readings)).server
    assert server
    assert server.voluntary_switches == (3 if known else None)


def test_server_use_is_unknown_without_a_meter() -> None:
    result = load(correct)
    assert result.server is None
    assert result.server_cpu_ns is None


def test_cpu_time_of_the_meter_is_not_charged_to_the_engine() -> None:
    def meter() -> procfs.Use:
        end_ns = time.thread_time_ns() + 300_000_000
        while time.thread_time_ns() < end_ns:
            sum(range(1000))
        return used(0)

    with serving(correct) as address:
        result = run(address, plan(requests=1), meter)
    assert 0 < result.engine_cpu_ns < 300e6


def test_stolen_time_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    stolen = iter([20_000_000, 50_000_000])
    monkeypatch.setattr(procfs, "stolen_ns", lambda: next(stolen))
    assert load(correct).stolen_ns == 30_000_000


@pytest.mark.parametrize("engine_name", ["python"], indirect=True)
def test_interruptions_of_the_engine_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the native engine are counted in C, thread by thread."""
    switches = iter([3, 8])
    monkeypatch.setattr(resource, "getrusage", lambda who: SimpleNamespace(ru_nivcsw=next(switches)))
    assert load(correct).engine_switches == 5


def test_same_seed_sends_the_same_bytes() -> None:
    def sent(seed: int) -> bytes:
        received = bytearray()

        def answer(connection: socket.socket) -> None:
            while data := connection.recv(65536):
                received.extend(data)
                connection.sendall(data.upper())

        load(answer, Plan(1, 64, 60.0, 10.0, seed=seed, max_requests=5))
        return bytes(received)

    first = sent(1)
    assert len(first) == 64 * (1 + 5 + 1)  # one exchange to open and one to close
    assert first == sent(1) != sent(2)
    assert len({first[start : start + 64] for start in range(0, len(first), 64)}) == 7


def test_idle_connections_stay_open_during_the_load() -> None:
    opened: list[int] = []
    sizes: list[int] = []

    def answer(connection: socket.socket) -> None:
        opened.append(1)
        size = 0
        while data := connection.recv(65536):
            size += len(data)
            connection.sendall(data.upper())
        sizes.append(size)

    def meter() -> procfs.Use:
        return used(len(opened) - len(sizes))

    with serving(answer) as address:
        result = run(address, Plan(2, 64, 60.0, 10.0, max_requests=50, idle=5), meter)
    assert not result.errors
    assert result.server_cpu_ns == 0  # all are open at both readings
    assert sorted(sizes)[:5] == [2 * 64] * 5  # one exchange to open and one to close
    assert len(sizes) == 7


def test_unknown_host_is_an_error_of_the_caller() -> None:
    with pytest.raises(AddressError, match=r"no\.such\.host\.invalid"):
        run(Address.parse("no.such.host.invalid:80"), plan())
