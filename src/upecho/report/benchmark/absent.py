"""Lines for the cells without figures, below the table of those that have some."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from upecho.measure.statistics.summary import Row


def absent(rows: Sequence[Row], name_width: int) -> Iterator[Text]:
    """Yield a line for each row without figures; the reason takes the place of all columns.

    Args:
        rows: Rows without figures.
        name_width: Width of the first column, in characters.
    """
    for row in rows:
        line = Text(f"{row.cell.label[:name_width]:{name_width}} ", "dim", no_wrap=True, overflow="ellipsis")
        yield line.append(row.reason, "red" if row.target_failed else "dim")
