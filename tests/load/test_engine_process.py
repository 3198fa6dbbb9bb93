"""An engine in a process of its own: the harness neither hangs nor misses its end."""

import os
import signal
from collections.abc import Callable

import pytest

from upecho.load import engine_process
from upecho.load.engine_process import EngineProcess
from upecho.load.plan import Job, Plan
from upecho.processes.linux.scope import Scope
from upecho.processes.server_process import ServerProcess
from upecho.processes.supervisor import Supervisor
from upecho.support.errors import HarnessError

PLAN = Plan(2, 64, duration_seconds=60.0, deadline_seconds=10.0, max_requests=20)


def test_one_process_carries_out_many_jobs(supervisor: Supervisor, start: Callable[..., ServerProcess]) -> None:
    server = start("selectors")
    engine = EngineProcess(supervisor)
    for _ in range(3):
        result = engine.run(Job(str(server.address), PLAN, Scope((server.child.pid,))))
        assert not result.errors
        assert result.requests >= 20
        assert result.server
        assert result.server_cpu_ns == result.server.cpu_ns > 0
        assert 0 < result.server.resident_bytes <= result.server.peak_bytes
        assert result.server.threads == 1
    assert engine.run(Job(str(server.address), PLAN)).server is None


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no processor affinity")
def test_engine_polls_only_on_its_own_core(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs: list[Job] = []

    def recorded(job: Job) -> str:
        jobs.append(job)
        return "nothing to read"

    monkeypatch.setattr(Job, "to_json", recorded)
    one = (min(os.sched_getaffinity(0)),)
    for cores, may_poll in (((), True), (one, False), (one, True)):
        with pytest.raises(HarnessError):
            EngineProcess(supervisor, cores, may_poll=may_poll).run(Job("127.0.0.1:9", PLAN))
    assert [job.plan.poll_seconds for job in jobs] == [0.0, 0.0, engine_process.POLL_SECONDS]


def test_dead_engine_is_a_failure_of_the_harness(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = EngineProcess(supervisor)
    (child,) = supervisor._children
    child.send_signal(signal.SIGKILL)
    child.wait(10)
    with pytest.raises(HarnessError, match="the load engine was killed by SIGKILL"):
        engine.run(Job("127.0.0.1:9", PLAN))


def test_last_line_of_stderr_is_in_the_message(supervisor: Supervisor) -> None:
    engine = EngineProcess(supervisor)
    with pytest.raises(HarnessError, match=r"ended with exit status 1: .*AddressError.*not an address: 'nowhere'"):
        engine.run(Job("nowhere", PLAN))


def test_silent_engine_times_out(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_process, "SLACK_SECONDS", 0.0)
    engine = EngineProcess(supervisor)
    (child,) = supervisor._children
    child.send_signal(signal.SIGSTOP)
    plan = Plan(1, 64, duration_seconds=0.1, deadline_seconds=0.2)
    with pytest.raises(HarnessError, match="the load engine returned no result within 0 s"):
        engine.run(Job("127.0.0.1:9", plan))
    assert not child.is_alive()
