"""Where tables go."""

import io
import os
import re
import sys
from typing import Any

import rich.console
from rich.text import Text

BLANKS = re.compile(" +$", re.MULTILINE)


class Console(rich.console.Console):
    """One whose reader may leave: what a command found counts, not whether anybody read it to its end."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as ever; where it is no terminal that shows it, without the blanks that fill up lines of tables."""
        if self.is_terminal:
            super().print(*objects, **options)
            return
        with self.capture() as printed:
            super().print(*objects, **options)
        super().print(Text(BLANKS.sub("", printed.get())), end="", soft_wrap=True)

    def on_broken_pipe(self) -> None:
        """Lose what is printed from now on."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def console(piped_width: int | None = None) -> Console:
    """Return a console on stdout, whose encoding need not have every character that a table shows.

    ``piped_width`` is how wide it is where it is no terminal, unless the environment says COLUMNS.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    shown = Console(highlight=False)
    if piped_width and not shown.is_terminal and "COLUMNS" not in os.environ:
        shown.width = piped_width
    return shown
