"""Lines in columns that never wrap: cut where the terminal ends, and no blanks at the end of a line."""

import math
from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

GAP = 2  # columns between two columns
DOTS = "..."
NAME = 24  # to which names are cut before a table is split
NARROWEST_NAME = 8


def row(cells: Sequence[Text], widths: Sequence[int]) -> Text:
    """Return one line, with each cell at the left of its column."""
    padded = [cell.copy() for cell in cells]
    for cell, width in zip(padded, widths, strict=True):
        cell.pad_right(width - cell.cell_len)
    line = Text(" " * GAP, no_wrap=True, overflow="crop").join(padded)
    line.rstrip()
    return line


def slices(count: int, width: int, room: int) -> Iterator[slice]:
    """Yield how ``count`` columns of one width are shared out among as few tables as fit, with about as many each."""
    at_most = max(1, (room + GAP) // (width + GAP))
    tables = math.ceil(count / at_most)
    for number in range(tables):
        yield slice(count * number // tables, count * (number + 1) // tables)


def name_width(names: Iterable[str], values: int, columns: int, width: int) -> int:
    """Return how wide the first column is beside ``columns`` others of the width ``values``: as wide as it can be."""
    beside_all = max(NAME, width - columns * (values + GAP))
    beside_one = max(NARROWEST_NAME, width - values - GAP)
    return min(max(map(cell_len, names)), beside_all, beside_one)


def packed(entries: Iterable[Text], width: int) -> Iterator[Text]:
    """Yield lines with as many entries in each as fit."""
    line: list[Text] = []
    for entry in entries:
        if line and sum(one.cell_len + GAP for one in line) + entry.cell_len > width:
            yield row(line, [0] * len(line))
            line = []
        line.append(entry)
    if line:
        yield row(line, [0] * len(line))


def cut(text: str, width: int) -> str:
    """Leave out the end of a text that is too long."""
    text = " ".join(text.split())
    return text if cell_len(text) <= width else set_cell_size(text, max(width - len(DOTS), 0)) + DOTS


def shorten(text: str, width: int) -> str:
    """Leave out the middle of a text that is too long: names that are alike differ at their ends."""
    text = " ".join(text.split())
    if cell_len(text) <= width:
        return text
    if width <= len(DOTS):
        return set_cell_size(text, max(width, 0))
    room = width - len(DOTS)
    end = set_cell_size(text[::-1], room // 2)[::-1]
    return set_cell_size(text, room - room // 2) + DOTS + end
