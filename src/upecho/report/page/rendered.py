"""What a renderer returns: the text of a page, and the charts that belong beside it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Rendered:
    """A page as text.

    Attributes:
        text: The content of the file of the page.
        charts: The content of each file of a chart, keyed by its name; empty if the page contains its charts.
    """

    text: str
    charts: Mapping[str, str]


def mark(name: str) -> str:
    """Return the beginning of the file of a chart, by which it is known to be made by upecho and not to be a copy.

    Args:
        name: Name of the file.
    """
    return f"<!-- {name}: made by upecho report -->"
