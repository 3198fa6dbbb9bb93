"""The option ``--columns`` of ``upecho bench`` and ``upecho show``."""

from collections.abc import Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from upecho.cli.parameters import Parameter
from upecho.measure.plan.ab_test import Limit
from upecho.measure.statistics.quantities import SYSTEM_CALLS
from upecho.processes.linux import system_calls
from upecho.report.benchmark.columns import COLUMNS, Column, named


class Columns(Parameter):
    """Names of columns with commas between them, converted to the columns."""

    name = "columns"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ARG002
        """Return the columns."""
        return named([name.strip() for name in value.split(",")]) if isinstance(value, str) else value

    def completions(self, incomplete: str) -> list[CompletionItem]:
        """Complete the last name."""
        before, comma, start = incomplete.rpartition(",")
        return [CompletionItem(before + comma + name) for name in COLUMNS if name.startswith(start)]


option = click.option(
    "--columns",
    type=Columns(),
    default=(),
    metavar="NAME,...",
    help=f"Show these columns instead of the usual ones: {', '.join(COLUMNS)}.",
)


def counting(columns: Sequence[Column], limits: Sequence[Limit]) -> system_calls.Method | None:
    """Return how system calls are to be counted; None if neither a column nor a limit needs them.

    Raises:
        Unavailable: They cannot be counted here.
    """
    needed = {one.name for one in columns} | {one.quantity for one in limits}
    return system_calls.method() if SYSTEM_CALLS.name in needed else None
