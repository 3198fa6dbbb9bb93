"""Which numbers a model contains, in each way in which a page may write them, and which numbers a page contains."""

import dataclasses
import html
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from upecho.measure.plan.scenarios import size_text
from upecho.report.conformance.recorded import written
from upecho.report.figures import percent, three_digits
from upecho.report.page.charts.rows import rows
from upecho.report.page.model.page import Page

NUMBER = re.compile(r"\d+(?:[.,]\d+| \d{3}\b)*")
UNSEEN = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)


def values(part: Any) -> Iterator[float | str]:
    """Yield all numbers and texts of a model, and how long its lists are."""
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        for field in dataclasses.fields(part):
            yield from values(getattr(part, field.name))
        if text := getattr(part, "summary", ""):  # of a scenario, which consists of its other attributes
            yield text
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from (key, *values(value))
    elif isinstance(part, tuple):
        yield len(part)
        for one in part:
            yield from values(one)
    elif isinstance(part, int | float | str):
        yield part


def allowed(page: Page) -> set[str]:
    """Return the numbers that a page with this model may show."""
    found: set[str] = set()
    for value in values(page):
        if isinstance(value, str):
            found.update(NUMBER.findall(value))
        else:
            for text in (
                str(value),
                f"{value:.2f}",
                f"{value:.3f}",
                f"{value:8.3f}",
                three_digits(value),
                percent(value),
                written(value),
                size_text(int(value)),
            ):
                found.update(NUMBER.findall(text))
    found.update(str(number) for number in _counted(page))
    return found


def _counted(page: Page) -> Iterator[int]:
    """Yield how many verdicts of each target have the same mark, over each family and over all."""
    found = page.conformance
    for number in range(len(found.columns) if found else 0):
        cells = [cell for row in found.cells for cell in row[number]] if found else []
        for family in {None, *(cell.family for cell in cells)}:
            marks = Counter(cell.mark for cell in cells if family in (None, cell.family))
            yield from (marks.total(), *marks.values(), 0)


def shown(document: str) -> set[str]:
    """Return the numbers in the text of an HTML document."""
    return written_in(html.unescape(UNSEEN.sub(" | ", document)))


def written_in(text: str) -> set[str]:
    """Return the numbers in a text."""
    return set(NUMBER.findall(text))


def drawn(page: Page) -> Iterator[tuple[str, float]]:
    """Yield the numbers in the data of charts, each with its name."""
    for same in rows(page).values():
        for row in same:
            for name, value in row.items():
                for one in value if isinstance(value, list) else [value]:
                    if isinstance(one, int | float) and not isinstance(one, bool):
                        yield name, one


def known(page: Page) -> set[float]:
    """Return the numbers that charts of a page with this model may contain, as precise as there."""
    numbers = [value for value in values(page) if isinstance(value, int | float)]
    floors = [edge for table in _floors(page) for edge in (1 + table, 1 / (1 + table))]
    beyond = [100 / (100 - value) for value in numbers if 0 < value < 100]
    return {float(f"{value:.5g}") for value in (*numbers, *floors, *beyond)}


def _floors(page: Page) -> Iterator[float]:
    for section in page.sections:
        for table in section.tables:
            yield from (floor for floor in (table.cost_floor, table.speed_floor) if floor is not None)
