"""What ``upecho check`` reports on stderr."""

from collections.abc import Sequence

import pytest

from upecho.cli.check.notes import why_none_is_due
from upecho.conformance.catalogue import catalogue
from upecho.conformance.check import Check
from upecho.conformance.run.check_run import Plan
from upecho.conformance.run.selection import pair_with_families, parse_targets
from upecho.net.address import Family


def plan(target: str, checks: Sequence[Check]) -> Plan:
    return Plan(pair_with_families(parse_targets([target]), [Family.INET]), checks)


@pytest.mark.parametrize(
    ("target", "checks", "reason"),
    [
        ("127.0.0.1:9", {"graceful-shutdown"}, "graceful-shutdown: needs a server process that upecho started"),
        ("selectors", {"socket-path-too-long"}, "socket-path-too-long: applies only to unix"),
        (
            "selectors",
            {"queue-beyond-max-clients"},
            "queue-beyond-max-clients: applies only to targets that declare a maximum number of clients",
        ),
    ],
)
def test_reason_why_no_check_is_due_is_reported(target: str, checks: set[str], reason: str) -> None:
    asked = [check for check in catalogue() if check.id in checks]
    assert why_none_is_due(plan(target, asked)).startswith(reason)


def test_a_few_of_many_checks_are_named() -> None:
    asked = [check for check in catalogue() if check.process]
    line = why_none_is_due(plan("127.0.0.1:9", asked))
    assert line.endswith(f" and {len(asked) - 5} more: needs a server process that upecho started")
