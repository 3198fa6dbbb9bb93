"""What a master makes of what its workers say, without a network."""

import json
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

import pytest

from tests.distributed.loads import PLAN, hello, load
from upecho.distributed import master as module
from upecho.distributed.bridge import Event
from upecho.distributed.master import Master, divided
from upecho.distributed.messages import Done, Failed, Message, Order, Refused, Result, Welcome, encoded
from upecho.distributed.run import DistributedRun
from upecho.load.latency import Latency
from upecho.load.plan import LoadResult, Plan
from upecho.support.errors import HarnessError

pytestmark = pytest.mark.once

ADDRESS = "10.0.0.9:8080"


class Script:
    """A network whose events are written in advance; when none is left, time passes without an event."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.events = deque(events)
        self.sent: list[tuple[str, Message]] = []
        self.dismissed: list[str] = []

    def receive(self, timeout: float) -> Event | None:
        if self.events:
            return Event(**json.loads(json.dumps(asdict(self.events.popleft()))))
        time.sleep(min(timeout, 0.01))
        return None

    def send(self, message: Message, client: str = "") -> None:
        self.sent.append((client, message))

    def dismiss(self, client: str) -> None:
        self.dismissed.append(client)


def report(client: str, pid: int = 1) -> Event:
    return Event("report", client, asdict(hello(pid)))


def message(client: str, content: Message) -> Event:
    return Event("message", client, encoded(content))


def result(client: str, one: LoadResult) -> Event:
    return message(client, Result(one))


def run(script: Script, *events: Event, plan: Plan = PLAN) -> DistributedRun:
    """Gather two workers, and let these events happen during the load."""
    script.events.extend([report("a", 1), report("b", 2)])
    master = Master(script, count=2)
    master.gather(5)
    script.events.extend(events)
    master.load(ADDRESS, plan)
    return master.run(ADDRESS, plan)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.05)


def test_results_are_merged_exactly() -> None:
    script = Script([])
    done = run(script, result("b", load([7, 9_000_001])), result("a", load([5, 6, 8])))
    assert [part.hello.pid for part in done.parts] == [1, 2]
    assert [part.lost for part in done.parts] == ["", ""]
    assert done.load
    assert done.load.requests == 5
    assert done.load.latency == Latency.of([5, 6, 7, 8, 9_000_001])


def test_each_worker_gets_its_part_once_and_a_receipt() -> None:
    script = Script([])
    run(script, result("a", load()), result("b", load()))
    orders = [(client, one.job) for client, one in script.sent if isinstance(one, Order)]
    assert [client for client, _ in orders] == ["a", "b"]
    assert [job.plan.connections for _, job in orders] == [3, 2]
    assert {(job.address, job.engine) for _, job in orders} == {(ADDRESS, "native")}
    assert [client for client, one in script.sent if one == Done()] == ["a", "b"]


def test_result_that_comes_twice_counts_once() -> None:
    done = run(Script([]), result("a", load([5])), result("a", load([6, 7])), result("b", load([8])))
    assert done.load
    assert done.load.latency == Latency.of([5, 8])


def test_result_of_a_stranger_does_not_count() -> None:
    done = run(Script([]), result("stranger", load([1])), result("a", load([5])), result("b", load([8])))
    assert done.load
    assert done.load.latency == Latency.of([5, 8])


def test_silent_worker_is_lost_and_nothing_of_it_counts(impatient: None) -> None:
    done = run(Script([]), result("a", load([5])))
    assert [part.lost for part in done.parts] == ["", "not heard of for 0.05 s"]
    assert done.load == load([5])
    assert [part.load is None for part in done.parts] == [False, True]


def test_worker_that_was_silent_for_a_while_is_not_lost(impatient: None) -> None:
    """All that has come is read before anybody counts as silent, also after the master itself was stopped."""
    script = Script([])
    script.events.extend([report("a", 1), report("b", 2)])
    master = Master(script, count=2)
    master.gather(5)
    time.sleep(0.1)
    script.events.extend([result("b", load([8])), result("a", load([5]))])
    assert not master._is_worth_waiting()  # without a look at the events
    master._listen()
    assert [part.lost for part in master.run(ADDRESS, PLAN).parts] == ["", ""]


def test_worker_without_a_result_at_the_end_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLACK_SECONDS", 0.0)
    monkeypatch.setattr(module, "TRANSFER_SECONDS", 0.0)
    done = run(Script([]), result("a", load([5])), plan=replace(PLAN, deadline_seconds=0.05))
    assert [part.lost for part in done.parts] == ["", "no result has come"]


def test_failure_of_a_worker_is_its_loss() -> None:
    done = run(Script([]), message("b", Failed("too few descriptors")), result("a", load([5])))
    assert [part.lost for part in done.parts] == ["", "too few descriptors"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (replace(load([5]), requests=2), "2 requests, but 1 latencies of the engine native"),
        (replace(load([5]), engine="python"), "1 requests, but 1 latencies of the engine python"),
        (replace(load([5]), latency=replace(Latency.of([5]), histogram="?")), ""),
    ],
    ids=["count", "engine", "histogram"],
)
def test_result_that_contradicts_itself_does_not_count(wrong: LoadResult, reason: str) -> None:
    done = run(Script([]), result("b", wrong), result("a", load([5])))
    assert done.load == load([5])
    assert done.parts[1].lost.startswith(f"its message makes no sense: {reason}")


def test_all_workers_may_be_lost() -> None:
    done = run(Script([]), message("a", Failed("x")), message("b", Failed("y")))
    assert done.load is None
    assert not done.present


@pytest.mark.parametrize(
    ("introduction", "reason"), [(None, "plain worker"), ({"protocol": 0, "upecho": "0"}, "has upecho 0")]
)
def test_unsuitable_worker_is_refused_once(introduction: Any, reason: str) -> None:
    lines: list[str] = []
    stranger = Event("report", "x", introduction)
    script = Script([stranger, report("a", 1), stranger])
    Master(script, count=1, say=lines.append).gather(5)
    assert len(lines) == 2
    assert lines[0].startswith("worker x is refused: it ")
    assert reason in lines[0]
    assert lines[1] == "worker host/1 has come (1 of 1)"
    refusals = [client for client, one in script.sent if isinstance(one, Refused)]
    assert (script.dismissed, refusals) == ((["x"], []) if introduction is None else ([], ["x"]))


def test_worker_that_comes_too_late_is_refused() -> None:
    script = Script([])
    run(script, report("late", 3), result("a", load()), result("b", load()))
    assert [client for client, one in script.sent if isinstance(one, Welcome)] == ["a", "b"]
    assert [client for client, one in script.sent if isinstance(one, Refused)] == ["late"]


def test_place_of_a_worker_that_disappears_before_the_load_is_given_to_another(impatient: None) -> None:
    lines: list[str] = []
    script = Script([report("a", 1)])
    watched: list[None] = []

    def watch() -> None:
        watched.append(None)
        if "worker host/1 is lost: not heard of for 0.05 s" in lines and not script.events:
            script.events.extend([report("b", 2), report("c", 3)])

    Master(script, count=2, say=lines.append, watch=watch).gather(30)
    assert lines[-1] == "worker host/3 has come (2 of 2)"


def test_too_few_workers_are_reported() -> None:
    master = Master(Script([report("a")]), count=3)
    with pytest.raises(HarnessError, match=r"^1 of 3 workers came within 0\.1 s; start upecho locust --worker on"):
        master.gather(0.1)


def test_pointless_waiting_ends() -> None:
    def watch() -> None:
        raise HarnessError("a worker has ended")

    with pytest.raises(HarnessError, match="a worker has ended"):
        Master(Script([]), count=1, watch=watch).gather(60)


def test_load_is_divided_evenly() -> None:
    parts = divided(replace(PLAN, connections=8, rate=300.0), 3)
    assert [one.connections for one in parts] == [3, 3, 2]
    assert [one.rate for one in parts] == [100.0, 100.0, 100.0]
    assert len({one.seed for one in parts}) == 3
    assert {replace(one, connections=8, rate=300.0, seed=PLAN.seed) for one in parts} == {
        replace(PLAN, connections=8, rate=300.0)
    }
