"""Cells that have no numbers, below the table of those that have."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from upecho.measure.statistics.summary import Row


def absent(rows: Sequence[Row], names: int) -> Iterator[Text]:
    """Yield a line for each row that has no numbers; its reason takes the place of all columns."""
    for row in rows:
        line = Text(f"{row.cell.name.label[:names]:{names}} ", "dim", no_wrap=True, overflow="ellipsis")
        yield line.append(row.reason, "red" if row.failed else "dim")
