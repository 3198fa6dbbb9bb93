"""A line for each limit of ``--fail-above``: which servers exceed it."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from upecho.measure.plan.ab_test import Limit
from upecho.measure.statistics.excesses import Excess
from upecho.measure.statistics.quantities import named
from upecho.report.benchmark.changes import where


def limit_lines(limits: Sequence[Limit], excesses: Sequence[Excess], base: str) -> Iterator[Text]:
    """Yield what is known about each limit.

    Args:
        limits: The limits.
        excesses: Where they are exceeded.
        base: What the servers are compared with, in words.
    """
    for limit in limits:
        shown = f"--fail-above {limit.quantity}={limit.share * 100:g}"
        quantity = named(limit.quantity)
        label = quantity.label
        found = [
            f"{where(one.cell)} ({one.ratio.text(quantity.ratio_decimals)})" for one in excesses if one.limit == limit
        ]
        if found:
            yield Text(f"{shown}: {label} above that of {base} by more: {', '.join(found)}", "red")
        else:
            yield Text(f"{shown}: no {label} is known to exceed that of {base} by more", "green")
