"""A line for each limit of ``--fail-above``: which servers exceed it."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from upecho.measure.plan.ab_test import Limit
from upecho.measure.statistics.excesses import Judged
from upecho.measure.statistics.quantities import named
from upecho.report.benchmark.changes import where


def limit_lines(limits: Sequence[Limit], judged: Judged, base: str) -> Iterator[Text]:
    """Yield what is known about each limit.

    Args:
        limits: The limits.
        judged: What is known about them.
        base: What the servers are compared with, in words.
    """
    for limit in limits:
        shown = f"--fail-above {limit.quantity}={limit.share * 100:g}"
        quantity = named(limit.quantity)
        label = quantity.label
        decimals = quantity.ratio_decimals
        found = [f"{where(one.cell)} ({one.ratio.text(decimals)})" for one in judged.excesses if one.limit == limit]
        if found:
            yield Text(f"{shown}: {label} above that of {base} by more: {', '.join(found)}", "red")
        elif limit not in judged.compared:
            yield Text(f"{shown}: undecided: no {label} could be compared", "yellow")
        else:
            yield Text(f"{shown}: no {label} is known to exceed that of {base} by more", "green")
