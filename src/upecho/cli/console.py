"""Where tables go."""

import io
import sys

from rich.console import Console


def console() -> Console:
    """Return a console on stdout, whose encoding need not have every character that a table shows."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    return Console(highlight=False)
