"""Renders the values that INFO checks recorded: a row for each target, a column for each check."""

import textwrap
from collections.abc import Iterator, Sequence

from rich.text import Text

from upecho.conformance.findings import Recorded
from upecho.conformance.run.verdicts.outcome import Outcome
from upecho.report.layout import GAP, cut, name_width, row, shortened, slices

TITLE = "recorded"
MAX_TEXT_WIDTH = 24  # of an observation in words
MIN_HEAD_WIDTH = 10
DECIMALS_BELOW = 10  # memory is allocated in pages and clocks are noisy, so larger values need no decimals


def recorded(outcomes: Sequence[Outcome], width: int) -> Iterator[Text]:
    """Yield the lines of as many tables as fit into the width; none if nothing was recorded."""
    measured = [one for one in outcomes if one.recorded]
    if not measured:
        return
    targets = list(dict.fromkeys(one.target for one in measured))
    checks = list(dict.fromkeys(one.check for one in measured))
    cells = {
        (target, check): span(
            [one.recorded for one in measured if one.recorded and (one.target, one.check) == (target, check)]
        )
        for target in targets
        for check in checks
    }
    column = max(
        MIN_HEAD_WIDTH, *map(len, cells.values()), *(len(word) for check in checks for word in check.split("-"))
    )
    name = name_width([TITLE, *targets], column, columns=len(checks), width=width)
    names = shortened(targets, name)
    for part in slices(len(checks), column, room=width - name - GAP):
        yield from _heads(checks[part], name, column)
        for target in targets:
            texts = [Text(cells[target, check]) for check in checks[part]]
            yield row([Text(names[target]), *texts], [name, *[column] * len(texts)])
        yield Text()


def span(values: Sequence[Recorded]) -> str:
    """Return the range of the numbers with their unit, followed by the observations in words, each once."""
    numbers = [one.value for one in values if one.value is not None]
    parts = list(dict.fromkeys(one.text for one in values if one.value is None))
    if numbers:
        low, high = written(min(numbers)), written(max(numbers))
        between = " to " if low.startswith("-") else "-"
        unit = next(one.unit for one in values if one.value is not None)
        parts.insert(0, f"{low if low == high else low + between + high} {unit}".rstrip())
    return "; ".join(cut(part, MAX_TEXT_WIDTH) for part in parts)


def written(value: float) -> str:
    """Return a number with no more digits than are significant: ``1.3``, ``18``, ``-128``, ``196 000``."""
    rounded = round(value, 1 if abs(value) < DECIMALS_BELOW else 0)
    return f"{rounded or 0:,.{0 if rounded == int(rounded) else 1}f}".replace(",", " ")


def _heads(checks: Sequence[str], name: int, column: int) -> Iterator[Text]:
    """Yield the ids of the checks, broken after a hyphen where they are wider than their column."""
    heads = [textwrap.wrap(check, column) for check in checks]
    for number in range(max(map(len, heads))):
        parts = [Text(head[number] if number < len(head) else "", "bold") for head in heads]
        yield row([Text(TITLE if number == 0 else "", "bold cyan"), *parts], [name, *[column] * len(parts)])
