"""Lays out lines in columns: a line never wraps, is cut where the terminal ends, and has no trailing blanks."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

GAP = 2  # blanks between two columns
DOTS = "..."
NAME_WIDTH = 24  # a table is split rather than a name cut to less than this
MIN_NAME_WIDTH = 8


def row(cells: Sequence[Text], widths: Sequence[int]) -> Text:
    """Return one line with each cell at the left of its column."""
    padded = [cell.copy() for cell in cells]
    for cell, width in zip(padded, widths, strict=True):
        cell.pad_right(width - cell.cell_len)
    line = Text(" " * GAP, no_wrap=True, overflow="crop").join(padded)
    line.rstrip()
    return line


def slices(count: int, width: int, *, room: int) -> Iterator[slice]:
    """Divide columns evenly among as few tables as possible.

    Args:
        count: Number of columns.
        width: Width of each column.
        room: Width that a table has for its columns.

    Yields:
        The columns of each table.
    """
    at_most = max(1, (room + GAP) // (width + GAP))
    tables = math.ceil(count / at_most)
    for number in range(tables):
        yield slice(count * number // tables, count * (number + 1) // tables)


def name_width(names: Iterable[str], values: int, *, columns: int, width: int) -> int:
    """Return the width of the first column of a table, which contains names.

    Args:
        names: The names.
        values: Width of each other column.
        columns: Number of the other columns.
        width: Width of the table.
    """
    beside_all = max(NAME_WIDTH, width - columns * (values + GAP))
    beside_one = max(MIN_NAME_WIDTH, width - values - GAP)
    return min(max(map(cell_len, names)), beside_all, beside_one)


def packed(entries: Iterable[Text], width: int) -> Iterator[Text]:
    """Yield lines that contain as many entries as fit into the width."""
    line: list[Text] = []
    for entry in entries:
        if line and sum(one.cell_len + GAP for one in line) + entry.cell_len > width:
            yield row(line, [0] * len(line))
            line = []
        line.append(entry)
    if line:
        yield row(line, [0] * len(line))


def cut(text: str, width: int) -> str:
    """Return the text on one line, without its end if it is too long."""
    text = " ".join(text.split())
    return text if cell_len(text) <= width else set_cell_size(text, max(width - len(DOTS), 0)) + DOTS


def shorten(text: str, width: int) -> str:
    """Return the text on one line, without its middle if it is too long: similar names often differ at their ends."""
    text = " ".join(text.split())
    if cell_len(text) <= width:
        return text
    if width <= len(DOTS):
        return set_cell_size(text, max(width, 0))
    room = width - len(DOTS)
    return DOTS.join(_ends(text, room - room // 2, room // 2))


def shortened(names: Iterable[str], width: int) -> dict[str, str]:
    """Return each name on one line, without its middle if it is too long; two different names never read alike.

    What is left of a name matches no other of the names. If the usual cut does not achieve this, the cut is moved; if
    no cut does, the place of the name in the list follows it.

    Args:
        names: All names that are shown together.
        width: Width of each, in characters; at least 8.
    """
    lines = {name: " ".join(name.split()) for name in names}
    return {name: _distinct(name, lines, width) for name in lines}


def _distinct(name: str, lines: Mapping[str, str], width: int) -> str:
    line, others = lines[name], [other for key, other in lines.items() if key != name]
    fits, room = cell_len(line) <= width, width - len(DOTS)
    if fits and line not in others:
        return line
    for begin in () if fits else sorted(range(1, room), key=lambda begin: abs(2 * begin - room - 0.5)):
        ends = _ends(line, begin, room - begin)
        if not any(other.startswith(ends[0]) and other.endswith(ends[1]) for other in others):
            return DOTS.join(ends)
    number = f"#{list(lines).index(name) + 1}"
    return shorten(line, width - len(number)) + number


def _ends(text: str, begin: int, end: int) -> tuple[str, str]:
    """Return the beginning and the end of a text, each as wide as demanded."""
    return set_cell_size(text, begin), set_cell_size(text[::-1], end)[::-1]


def table_width(rows: Sequence[Sequence[str]], gap: int) -> int:
    """Return the width of a table, in characters.

    Args:
        rows: The texts of each row, among them the titles of the columns.
        gap: Blanks after each column.
    """
    return sum(max(map(cell_len, column)) + gap for column in zip(*rows, strict=True))
