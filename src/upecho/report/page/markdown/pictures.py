"""The charts of a Markdown page: files in a directory beside it."""

import re
from collections.abc import Iterator, Sequence

from upecho.report.markdown import escaped, picture
from upecho.report.page.charts.drawing import THEMES, drawing
from upecho.report.page.charts.rows import Row
from upecho.report.page.rendered import mark

OTHERS = re.compile(r"[^\w.+-]+")  # characters that are no part of the name of a file
MAX_NAME_LENGTH = 100  # characters of the name of a file before the theme


class Pictures:
    """Draws charts, and collects their files.

    Attributes:
        files: The text of each file, keyed by its name.
    """

    def __init__(self, directory: str) -> None:
        """Begin without charts.

        Args:
            directory: Name of the directory that will contain the files.
        """
        self.files: dict[str, str] = {}
        self._directory = directory
        self._names: set[str] = set()

    def lines(self, chart: str, rows: Sequence[Row], *, where: str, description: str) -> Iterator[str]:
        """Draw a chart and yield the lines that show it; none without data.

        Args:
            chart: What it shows: a key of the charts of a page.
            rows: Its data.
            where: The section to which it belongs; empty if there is only one chart of this kind.
            description: What it shows, for readers who do not see it.
        """
        if not rows:
            return
        drawn, name = drawing(chart, rows), self._name(chart, where)
        files = {theme: f"{name}-{theme}.svg" for theme in THEMES}
        self.files |= {file: f"{mark(file)}\n{drawn.svg[theme]}\n" for theme, file in files.items()}
        light, dark = (f"{self._directory}/{files[theme]}" for theme in ("light", "dark"))
        yield from picture(light=light, dark=dark, description=description)
        if drawn.note:
            yield escaped(drawn.note)
            yield ""

    def _name(self, chart: str, where: str) -> str:
        """Return a name that no other chart of the page has."""
        base = OTHERS.sub("-", "-".join(filter(None, (chart, where))))[:MAX_NAME_LENGTH]
        name, number = base, 1
        while name in self._names:
            number += 1
            name = f"{base}-{number}"
        self._names.add(name)
        return name
