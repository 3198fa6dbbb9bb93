"""A master, three workers and a server on machines of their own; one worker is killed in the middle of the load."""

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.distributed.counting_server import CountingServer
from tests.distributed.machines import Machine, machines, obstacle
from upecho.load.histogram import decoded

pytestmark = [pytest.mark.once, pytest.mark.unmeasured, pytest.mark.usefixtures("locust")]

SERVER = str(Path(__file__).with_name("counting_server.py"))
SIZE = 1024
BESIDE = 2  # the engine exchanges one request on each connection before the load, and one after it
SECONDS = 100.0  # until a process that has nothing left to do has ended, on a busy machine


@pytest.fixture
def five(directory: Path) -> Iterator[list[Machine]]:
    if reason := obstacle():
        pytest.skip(reason)
    with machines(5, directory) as found:
        yield found


@pytest.mark.parametrize("killed", [0, 1], ids=["none killed", "one killed"])
def test_survivors_are_counted_once_and_exactly(
    five: list[Machine],
    directory: Path,
    tmp_path: Path,
    eventually: Callable[[Callable[[], object]], None],
    killed: int,
) -> None:
    host, head, *others = five
    server = CountingServer(host.start(SERVER, host.address))
    file, meeting = tmp_path / "run.json", f"{head.address}:5557"
    load = ["--workers", "3", "--seconds", "4", "--rate", "3000"]  # which leaves the processor to other tests
    command = ["locust", server.address, "--master", meeting, *load, "--save", str(file)]
    master = head.start("-m", "upecho", *command)
    workers = [one.start("-m", "upecho", "locust", "--worker", meeting) for one in others]
    eventually(lambda: len(server.counts()) == 3)
    for worker in workers[:killed]:
        worker.kill()
    out, _ = master.communicate(timeout=SECONDS)
    assert master.returncode == (3 if killed else 0)
    assert f"all {3 - killed} of 3 workers" in out
    assert out.count("is lost: not heard of for 10 s") == killed
    assert [worker.wait(SECONDS) for worker in workers] == [-signal.SIGKILL] * killed + [0] * (3 - killed)

    run, received = json.loads(file.read_text()), server.counts(signal.SIGTERM)
    present = {part["hello"]["pid"]: part for part in run["parts"] if part["load"]}
    assert len(present) == 3 - killed
    for machine, worker in list(zip(others, workers, strict=True))[killed:]:
        part = present[worker.pid]
        expected = part["load"]["requests"] + BESIDE * part["plan"]["connections"]
        assert received[machine.address] == expected * SIZE
    loads = [part["load"] for part in present.values()]
    assert run["load"]["requests"] == sum(one["requests"] for one in loads)
    histograms = [decoded(one["latency"]["histogram"]) for one in loads]
    assert decoded(run["load"]["latency"]["histogram"]) == sum(histograms, Counter[int]())
    assert run["load"]["latency"]["max_ns"] == max(one["latency"]["max_ns"] for one in loads)
    eventually(lambda: not list(directory.iterdir()))
