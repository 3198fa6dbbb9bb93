"""A check of a server that is deaf, or falls silent, proves nothing and therefore does not pass."""

import pytest

from upecho.conformance.catalogue import by_id
from upecho.conformance.run.runner import Runner
from upecho.conformance.run.verdicts.outcome import Verdict
from upecho.net.address import Family
from upecho.processes.linux import procfs
from upecho.serving.target import Target

CHECKS = "no-cpu-while-idle bounded-memory-under-backpressure no-busy-loop-while-stalled"

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not procfs.AVAILABLE, reason="this system does not show what a process uses"),
]


@pytest.mark.parametrize("server", ["wrong_timing:silent", "wrong_timing:falls_silent"])
def test_check_that_proves_nothing_is_not_passed(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.2")
    checks = [by_id()[check] for check in CHECKS.split()]
    outcomes = list(Runner([(Target.parse(f"tests.broken.{server}"), Family.UNIX)], checks, jobs=2).outcomes())
    assert {one.check: one.verdict for one in outcomes} == dict.fromkeys(CHECKS.split(), Verdict.NOT_RUN)
