"""The values that checks have recorded: a row for each target, a column for each check."""

import textwrap
from collections.abc import Iterator, Sequence

from rich.text import Text

from upecho.conformance.run.outcome import Outcome
from upecho.report.layout import GAP, cut, name_width, row, shorten, slices

TITLE = "recorded"
LONGEST_TEXT = 24  # to which a text is cut that was recorded instead of a number
NARROWEST_HEAD = 10
DECIMALS_BELOW = 10  # a memory page or the noise of a clock says more than the digits after a number so large


def recorded(outcomes: Sequence[Outcome], width: int) -> Iterator[Text]:
    """Yield the lines of as many tables as it takes; none if nothing was recorded."""
    measured = [one for one in outcomes if one.recorded]
    if not measured:
        return
    targets = list(dict.fromkeys(one.target for one in measured))
    checks = list(dict.fromkeys(one.check for one in measured))
    cells = {
        (target, check): span([one.recorded for one in measured if (one.target, one.check) == (target, check)])
        for target in targets
        for check in checks
    }
    column = max(NARROWEST_HEAD, *map(len, cells.values()), *(len(p) for check in checks for p in check.split("-")))
    name = name_width([TITLE, *targets], column, len(checks), width)
    for part in slices(len(checks), column, width - name - GAP):
        yield from _heads(checks[part], name, column)
        for target in targets:
            values = [Text(cells[target, check]) for check in checks[part]]
            yield row([Text(shorten(target, name)), *values], [name, *[column] * len(values)])
        yield Text()


def span(values: Sequence[tuple[float | str, str] | None]) -> str:
    """Return from what to what the numbers go, and the texts that were recorded instead, without what explains them."""
    numbers = [(value, unit) for value, unit in filter(None, values) if not isinstance(value, str)]
    texts = {value.partition(": ")[0]: None for value, _ in filter(None, values) if isinstance(value, str)}
    parts = list(texts)
    if numbers:
        low, high = written(min(numbers)[0]), written(max(numbers)[0])
        between = " to " if low.startswith("-") else "-"
        parts.insert(0, f"{low if low == high else low + between + high} {numbers[0][1]}".rstrip())
    return "; ".join(cut(part, LONGEST_TEXT) for part in parts)


def written(value: float) -> str:
    """Write a number with no more digits than mean something: ``1.3``, ``18``, ``-128``, ``196 000``."""
    rounded = round(value, 1 if abs(value) < DECIMALS_BELOW else 0)
    return f"{rounded or 0:,.{0 if rounded == int(rounded) else 1}f}".replace(",", " ")


def _heads(checks: Sequence[str], name: int, column: int) -> Iterator[Text]:
    """Yield the ids, broken after a hyphen where they are longer than their column."""
    heads = [textwrap.wrap(check, column) for check in checks]
    for number in range(max(map(len, heads))):
        parts = [Text(head[number] if number < len(head) else "", "bold") for head in heads]
        yield row([Text(TITLE if number == 0 else "", "bold cyan"), *parts], [name, *[column] * len(parts)])
