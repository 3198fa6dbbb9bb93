"""The amount of work follows the pace of the server, between two bounds."""

import pytest

from upecho.conformance.harness.workloads.pace import paced


def test_fast_server_gets_all_the_work() -> None:
    assert list(paced(5, least=1, seconds=60)) == [0, 1, 2, 3, 4]


def test_slow_server_gets_the_least_amount(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", iter(range(100)).__next__)
    assert list(paced(50, least=3, seconds=0.5)) == [0, 1, 2]
