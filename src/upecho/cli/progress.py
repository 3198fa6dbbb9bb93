"""Shows on stderr how far long work is: a bar on a terminal, a line now and then elsewhere."""

import sys
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


class Steps:
    """Progress through a known number of steps."""

    def __init__(self, total: int) -> None:
        # Without auto_refresh nothing of it runs between two steps, where it could disturb a measurement.
        self._progress = Progress(
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(stderr=True),
            auto_refresh=False,
            transient=True,
        )
        self._task = self._progress.add_task("", total=total)
        self._chapters: set[str] = set()

    def __enter__(self) -> Self:
        if self._progress.console.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, *raised: object) -> None:
        if self._progress.console.is_terminal:
            self._progress.stop()

    def show(self, chapter: str, step: str) -> None:
        """Say what is being done; where there is no terminal, only when a new chapter begins."""
        if self._progress.console.is_terminal:
            self._progress.update(self._task, description=f"{chapter}: {step}", refresh=True)
        elif chapter not in self._chapters:
            print(chapter, file=sys.stderr)
        self._chapters.add(chapter)

    def advance(self) -> None:
        """Count a step that is done."""
        self._progress.advance(self._task)
