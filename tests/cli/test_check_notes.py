"""What ``upecho check`` says beside its verdicts."""

import pytest

from upecho.cli.check_notes import why_none_is_due
from upecho.conformance.catalogue import catalogue
from upecho.conformance.run.selection import chosen


@pytest.mark.parametrize(
    ("target", "checks", "reason"),
    [
        ("127.0.0.1:9", {"graceful-shutdown"}, "graceful-shutdown: needs the process, which upecho did not start"),
        ("selectors", {"socket-path-too-long"}, "socket-path-too-long: is about unix only"),
        (
            "selectors",
            {"queue-beyond-max-clients"},
            "queue-beyond-max-clients: is about servers that declare how many clients they serve",
        ),
    ],
)
def test_it_is_said_why_nothing_is_due(target: str, checks: set[str], reason: str) -> None:
    asked = [check for check in catalogue() if check.id in checks]
    assert why_none_is_due(asked, chosen([target], ["inet"])).startswith(reason)


def test_of_many_checks_a_few_are_named() -> None:
    asked = [check for check in catalogue() if check.process]
    said = why_none_is_due(asked, chosen(["127.0.0.1:9"], []))
    assert said.endswith(f" and {len(asked) - 5} more: needs the process, which upecho did not start")
