"""The console on which commands print their tables."""

import io
import os
import re
import sys
from typing import Any

import rich.console
from rich.text import Text

TRAILING_BLANKS = re.compile(" +$", re.MULTILINE)


class Console(rich.console.Console):
    """A rich console that survives a closed pipe and leaves no trailing blanks in redirected output."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as rich does; when the output is not a terminal, strip the blanks that pad table rows."""
        if self.is_terminal:
            super().print(*objects, **options)
            return
        with self.capture() as printed:
            super().print(*objects, **options)
        super().print(Text(TRAILING_BLANKS.sub("", printed.get())), end="", soft_wrap=True)

    def on_broken_pipe(self) -> None:
        """Discard further output: the exit status depends on what was found, not on who reads it to the end."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def console(piped_width: int | None = None) -> Console:
    """Return a console on stdout that replaces characters which the encoding of stdout lacks.

    Args:
        piped_width: Columns to use when stdout is not a terminal and the environment does not set COLUMNS.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    created = Console(highlight=False)
    if piped_width and not created.is_terminal and "COLUMNS" not in os.environ:
        created.width = piped_width
    return created
