"""The limits of ``--fail-above``."""

import click
import pytest

from upecho.cli.limit_parameter import LimitText, expect_distinct, for_run
from upecho.measure.plan.ab_test import Limit
from upecho.support.errors import CallerError

pytestmark = pytest.mark.once

OPTION = click.Option(["--fail-above"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", Limit("cpu", 0.05)),
        ("cpu=0.5", Limit("cpu", 0.005)),
        ("p99=20", Limit("p99", 0.2)),
        ("memory=0", Limit("memory", 0.0)),
    ],
)
def test_limit_is_a_quantity_and_a_percentage(text: str, expected: Limit) -> None:
    found = LimitText().convert(text, OPTION, None)
    assert found.quantity == expected.quantity
    assert found.share == pytest.approx(expected.share)


@pytest.mark.parametrize("text", ["", "x", "cpu", "cpu=", "=5", "speed=5", "-1", "nan", "inf", "1001", "cpu=5=6"])
def test_text_that_is_no_limit_is_an_error(text: str) -> None:
    with pytest.raises(CallerError, match="it must be PERCENT or QUANTITY=PERCENT, with one of cpu, "):
        LimitText().convert(text, OPTION, None)


def test_quantity_is_limited_once() -> None:
    expect_distinct((Limit("cpu", 0.1), Limit("p99", 0.1)))
    with pytest.raises(CallerError, match="--fail-above limits cpu twice; give each quantity one limit"):
        expect_distinct((Limit("cpu", 0.1), Limit("cpu", 0.2)))


def test_names_are_completed() -> None:
    assert [one.value for one in LimitText().completions("p9")] == ["p99=", "p999="]


def test_limit_of_the_cpu_time_is_one_of_the_instructions_where_these_are_counted() -> None:
    limits = (Limit("cpu", 0.1),)
    assert for_run(limits, is_counted=False) == limits
    assert for_run(limits, is_counted=True) == (Limit("instructions", 0.1),)
    assert for_run((), is_counted=True) == ()
    with pytest.raises(CallerError, match="a run that counts instructions does not measure p99; leave its limit out"):
        for_run((Limit("p99", 0.1),), is_counted=True)
