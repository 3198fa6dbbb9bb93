"""Progress of long work, on stderr: a bar on a terminal, and elsewhere a line for each stage."""

import sys
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


class Steps:
    """Progress through a known number of steps."""

    def __init__(self, total: int) -> None:
        # Without auto_refresh, no thread redraws the bar between two steps, where it could disturb a measurement.
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
        self._stages: set[str] = set()

    def __enter__(self) -> Self:
        if self._progress.console.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, *raised: object) -> None:
        if self._progress.console.is_terminal:
            self._progress.stop()

    def show(self, stage: str, step: str) -> None:
        """Show the current stage and step; without a terminal, print each stage once."""
        if self._progress.console.is_terminal:
            self._progress.update(self._task, description=f"{stage}: {step}", refresh=True)
        elif stage not in self._stages:
            print(stage, file=sys.stderr)
        self._stages.add(stage)

    def advance(self) -> None:
        """Count a completed step."""
        self._progress.advance(self._task)
