"""The meter of a server: requests of workers are counted exactly, or not at all."""

import os

import pytest

from upecho.load import server_meter
from upecho.load.plan import Worker
from upecho.load.server_meter import ServerMeter
from upecho.net.address import Address
from upecho.processes.linux import procfs
from upecho.processes.linux.scope import Scope
from upecho.processes.linux.worker_shares import WorkerShare

pytestmark = pytest.mark.skipif(not procfs.AVAILABLE, reason="reads /proc")


@pytest.mark.parametrize(
    ("shares", "requests", "workers"),
    [
        ([WorkerShare(3, 1000), WorkerShare(1, 500)], 11, (Worker(1, 4), Worker(3, 7))),
        ([WorkerShare(3, 1000), WorkerShare(1, 500)], 12, (Worker(1, None), Worker(3, None))),
        ([WorkerShare(2, None), WorkerShare(1, None)], 11, (Worker(1, None), Worker(2, None))),
        ([WorkerShare(4, 1000), WorkerShare(0, 0)], 6, (Worker(0, 0), Worker(4, 6))),
        ([WorkerShare(4, 1000)], 6, None),
        ([], 6, ()),
        (None, 6, None),
    ],
    ids=["exact", "somebody else", "unix", "one has all", "one worker", "unknown", "none"],
)
def test_requests_are_what_the_workers_received_after_the_first_exchange(
    monkeypatch: pytest.MonkeyPatch,
    shares: list[WorkerShare] | None,
    requests: int,
    workers: tuple[Worker, ...] | None,
) -> None:
    monkeypatch.setattr(server_meter, "worker_shares", lambda pids, address: shares)
    meter = ServerMeter(Scope((os.getpid(),)), Address.parse("127.0.0.1:1"))
    assert meter().cpu_ns <= meter().cpu_ns
    assert meter.workers(requests, 100) == workers


def test_first_reading_looks_for_no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_meter, "worker_shares", lambda pids, address: [])
    meter = ServerMeter(Scope((os.getpid(),)), Address.parse("127.0.0.1:1"))
    meter()
    assert meter.workers(1, 1) is None
