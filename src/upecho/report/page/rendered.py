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
