"""The line about each limit of ``--fail-above``."""

import pytest

from tests.made_up import cell
from upecho.measure.plan.ab_test import Limit
from upecho.measure.statistics.excesses import Excess, Judged
from upecho.measure.statistics.ratios import Ratio
from upecho.report.benchmark.excesses import limit_lines

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("quantity", "shown"),
    [("cpu", "1.012 [1.012, 1.013]"), ("instructions", "1.01234 [1.01204, 1.01264]")],
)
def test_ratio_has_the_decimals_of_its_quantity(quantity: str, shown: str) -> None:
    limits = [Limit(quantity, 0.01), Limit("p99", 0.01)]
    excess = Excess(cell("a"), limits[0], Ratio(1.01234, 1.01204, 1.01264, samples=4))
    exceeded, kept = (line.plain for line in limit_lines(limits, Judged([excess], set(limits)), "BASE"))
    assert exceeded.startswith(f"--fail-above {quantity}=1: ")
    assert exceeded.endswith(f"above that of BASE by more: a over unix in chat ({shown})")
    assert kept == "--fail-above p99=1: no p99 latency is known to exceed that of BASE by more"


def test_limit_about_which_nothing_is_known_is_undecided() -> None:
    (line,) = limit_lines([Limit("syscalls", 0.01)], Judged([], set()), "BASE")
    assert line.plain == "--fail-above syscalls=1: undecided: no system calls per request could be compared"
    assert line.style == "yellow"
