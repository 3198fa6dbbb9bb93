"""Shows on stderr how far long work is: a bar on a terminal, a line now and then elsewhere."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from upecho.measure.cells import Cell


class Measuring:
    """Progress of a number of blocks."""

    def __init__(self, cells: int, rounds: int) -> None:
        self._cells = cells
        self._round = 0
        self._rounds = rounds
        # Without auto_refresh nothing of it runs while a block is measured.
        self._progress = Progress(
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(stderr=True),
            auto_refresh=False,
            transient=True,
        )
        self._task = self._progress.add_task("", total=cells * rounds)

    def __enter__(self) -> Self:
        if self._live:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    @property
    def _live(self) -> bool:
        return self._progress.console.is_terminal

    def begin(self, cell: Cell, round_number: int) -> None:
        """Say what is measured next."""
        if self._live:
            self._progress.update(self._task, description=str(cell), refresh=True)
        elif round_number > self._round:
            print(f"round {round_number} of at most {self._rounds}: {self._cells} cells", file=sys.stderr)
        self._round = round_number

    def advance(self) -> None:
        """Count a block that is done."""
        self._progress.advance(self._task)
