"""Correct servers with an unusual property pass, and pass within a few seconds."""

import pytest

from upecho.conformance.catalogue import by_id
from upecho.conformance.run.runner import Runner
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.net.address import Family
from upecho.processes.linux import procfs
from upecho.serving.target import Target

CHURN = """
    single-byte-messages descriptor-reuse no-fd-leak-after-churn no-fd-leak-after-resets no-thread-or-process-leak
    no-memory-leak-after-churn stall-cycles
"""

pytestmark = [
    pytest.mark.long,
    pytest.mark.once,
    pytest.mark.skipif(not procfs.AVAILABLE, reason="this system does not show what a process uses"),
]


def outcomes_of(name: str, checks: str, family: Family) -> list[Outcome]:
    target = Target.parse(f"tests.right.implementations:{name}")
    return list(Runner([(target, family)], [by_id()[check] for check in checks.split()], jobs=1).outcomes())


def expect_passed(name: str, checks: str, family: Family) -> None:
    outcomes = outcomes_of(name, checks, family)
    assert [(one.check, one.explanation, one.cause) for one in outcomes if one.verdict is not Verdict.PASSED] == []
    assert outcomes


@pytest.mark.parametrize("family", [Family.INET, Family.UNIX])
@pytest.mark.parametrize("name", ["fills_cache", "frees_garbage_late"])
def test_memory_that_levels_off_is_no_leak(name: str, family: Family) -> None:
    expect_passed(name, "no-memory-leak-after-churn", family)


@pytest.mark.parametrize("family", [Family.INET, Family.UNIX])
def test_server_that_needs_many_descriptors_gets_them(family: Family) -> None:
    expect_passed("opens_many_descriptors", "fd-exhaustion", family)


def test_slow_server_passes_checks_of_many_clients() -> None:
    expect_passed("replies_in_batches", CHURN, Family.UNIX)


def test_server_that_is_always_slow_passes_checks_of_pace() -> None:
    expect_passed("works_in_turns", "fairness-under-flood fd-exhaustion", Family.UNIX)


def test_short_backlog_is_given_time_to_accept() -> None:
    expect_passed("lets_few_wait", "idle-clients hundred-clients", Family.INET)


def test_very_slow_server_is_not_accused() -> None:
    outcomes = outcomes_of("transfers_single_bytes", "half-close-large no-busy-loop-while-stalled", Family.INET)
    accused = [one for one in outcomes if one.verdict not in (Verdict.PASSED, Verdict.UNSUPPORTED)]
    assert accused == []
    assert len(outcomes) == 2
