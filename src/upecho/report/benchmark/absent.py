"""Lines for the cells without figures, below the table of those that have some."""

from collections.abc import Iterator, Mapping, Sequence

from rich.cells import cell_len
from rich.text import Text

from upecho.measure.statistics.summary import Row


def absent(rows: Sequence[Row], names: Mapping[str, str], width: int) -> Iterator[Text]:
    """Yield a line for each row without figures; the reason takes the place of all columns.

    Args:
        rows: Rows without figures.
        names: What is shown of each name; the widest of them is as wide as the first column of the table.
        width: Width of a line, in characters; a reason is cut where it ends.
    """
    name_width = max(map(cell_len, names.values()))
    for row in rows:
        line = Text(names[row.cell.label], "dim", no_wrap=True, overflow="ellipsis")
        line.pad_right(name_width + 1 - line.cell_len)
        line.append(row.reason, "red" if row.target_failed else "dim")
        line.truncate(width, overflow="ellipsis")
        yield line
