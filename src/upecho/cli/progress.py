"""Shows on stderr how far long work is: a bar on a terminal, a line now and then elsewhere."""

from typing import Self

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from upecho.measure.cells import Cell


class _Live:
    """One line on a terminal, drawn anew when there is news and only then: in between nothing runs."""

    def __init__(self, progress: Progress, total: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total)
        self.is_shown = progress.console.is_terminal

    def __enter__(self) -> Self:
        if self.is_shown:
            self._progress.start()
        return self

    def __exit__(self, *raised: object) -> None:
        if self.is_shown:
            self._progress.stop()

    def show(self, text: str) -> None:
        """Say what is going on."""
        self._progress.update(self._task, description=text, refresh=self.is_shown)

    def advance(self) -> None:
        """Count one more piece of work as done."""
        self._progress.advance(self._task)


class Checking(_Live):
    """Progress of the conformance checks, of which nobody knows how many there will be."""

    def __init__(self, targets: int) -> None:
        columns = (SpinnerColumn(), TextColumn("checking {task.description}", markup=False))
        super().__init__(_progress(*columns), None)
        if not self.is_shown:
            click.echo(f"checking the conformance of {targets} target{'s' * (targets != 1)}", err=True)


class Measuring(_Live):
    """Progress of the blocks, round after round."""

    def __init__(self, cells: int, rounds: int) -> None:
        columns = (
            BarColumn(24),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
        )
        super().__init__(_progress(*columns), cells * rounds)
        self._cells = cells
        self._rounds = rounds
        self._round = 0

    def begin(self, cell: Cell, round_number: int) -> None:
        """Say what is measured next."""
        self.show(f"round {round_number}: {cell}")
        if round_number > self._round and not self.is_shown:
            click.echo(f"round {round_number} of at most {self._rounds}: {self._cells} cells", err=True)
        self._round = round_number


def _progress(*columns: TextColumn | BarColumn | SpinnerColumn | TimeRemainingColumn) -> Progress:
    return Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True)
