"""Where tables go."""

import io
import os
import sys

import rich.console


class Console(rich.console.Console):
    """One whose reader may leave: what a command found counts, not whether anybody read it to its end."""

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
