"""The shares of the workers: medians over trials, and nothing where a trial does not know them."""

import dataclasses

import pytest

from tests import made_up
from upecho.load.plan import LoadResult, Worker
from upecho.measure.statistics.imbalance import Imbalance, Range, imbalance

pytestmark = pytest.mark.once


def load(*workers: tuple[int, int | None]) -> LoadResult:
    return dataclasses.replace(made_up.load(1.0), workers=tuple(Worker(*one) for one in workers))


def test_shares_are_medians_over_the_trials() -> None:
    found = imbalance([load((20, 30), (30, 70)), load((10, 40), (40, 60)), load((25, 50), (25, 50))])
    assert found == Imbalance(2, Range(0.4, 0.6), Range(0.4, 0.6))


def test_least_requests_need_not_be_those_of_the_worker_with_least_connections() -> None:
    assert imbalance([load((1, 90), (3, 10))]) == Imbalance(2, Range(0.25, 0.75), Range(0.1, 0.9))


def test_unknown_requests_are_unknown_in_all_trials() -> None:
    assert imbalance([load((1, 1), (1, 1)), load((1, None), (1, None))]) == Imbalance(2, Range(0.5, 0.5), None)


def test_connections_of_no_worker_are_unknown() -> None:
    assert imbalance([load((1, 1), (1, 1)), load()]) == Imbalance()


def test_server_with_one_worker_has_no_shares() -> None:
    assert imbalance([made_up.load(1.0)]) is None
    assert imbalance([]) is None
