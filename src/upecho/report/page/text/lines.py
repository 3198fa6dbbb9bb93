"""Headings, paragraphs and tables of a text: a line is not longer than the terminal is wide."""

import textwrap
from collections.abc import Collection, Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from upecho.report.layout import GAP, MIN_NAME_WIDTH, shortened
from upecho.support.text import printable

INDENT = "  "


def heading(title: str) -> Iterator[Text]:
    """Yield the heading of a section, which is seen without colours, too."""
    yield Text(printable(title), "bold")
    yield Text("─" * cell_len(title), "dim")


def subheading(title: str, note: str = "", *, style: str = "bold cyan") -> Text:
    """Return the heading of a part of a section, with a note beside it."""
    return Text.assemble((printable(title), style), (f"  {printable(note)}" if note else "", "dim"))


def without_kind(pythons: Collection[str]) -> tuple[str, dict[str, str]]:
    """Return the implementation of Python if all have the same, and each name without it, to save room.

    Args:
        pythons: Names such as ``CPython 3.14.0``.
    """
    kinds = {python.split()[0] for python in pythons}
    kind = kinds.pop() if len(kinds) == 1 else ""
    return kind, {python: python.removeprefix(f"{kind} ") for python in pythons}


def paragraph(text: str, width: int, *, indent: str = "", style: str = "") -> Iterator[Text]:
    """Yield a text as lines; those after the first are indented further if the first one is.

    Args:
        text: The text.
        width: Width of the terminal, in characters.
        indent: What each line begins with.
        style: Style of the text.
    """
    following = indent + INDENT if indent else ""
    lines = textwrap.wrap(
        printable(text), width, initial_indent=indent, subsequent_indent=following, break_on_hyphens=False
    )
    yield from (Text(line, style, no_wrap=True) for line in lines)


def grid(
    heads: Sequence[str], rows: Sequence[Sequence[str]], width: int, *, required: int, texts: int = 1
) -> Iterator[Text]:
    """Yield the lines of a table.

    Args:
        heads: Titles of the columns.
        rows: Cells of each row; the first one is a name, which is shortened where columns need the room.
        width: Width of the terminal, in characters.
        required: Number of columns that are shown in any case. Others are shown if there is room beside whole names.
        texts: Number of columns that contain words, at the left; the others contain numbers.
    """
    cells = [[printable(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    shown = required
    while shown < len(widths) and sum(widths[: shown + 1]) + GAP * shown <= width:
        shown += 1
    others = sum(widths[1:shown]) + GAP * (shown - 1)
    widths[0] = min(widths[0], max(MIN_NAME_WIDTH, width - others))
    names = shortened([row[0] for row in cells], widths[0])
    for number, row in enumerate(cells):
        line = [names[row[0]], *row[1:shown]]
        padded = [
            cell + " " * (room - cell_len(cell)) if place < texts else " " * (room - cell_len(cell)) + cell
            for place, (cell, room) in enumerate(zip(line, widths, strict=False))
        ]
        yield Text((" " * GAP).join(padded).rstrip(), "" if number else "dim", no_wrap=True, overflow="ignore")
