"""The option of ``upecho bench`` that gives the load engine several cores."""

from typing import Any

import click

from upecho.cli.parameters import Parameter
from upecho.measure.cores import Cores, numbers
from upecho.support.errors import CallerError

Wanted = int | list[int] | None


class CoreNumbers(Parameter):
    """A number of cores, or a list of them; a single core of a list is written as a range, such as ``3-3``."""

    name = "cores"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Wanted:
        """Parse the number or the list."""
        try:
            wanted = numbers(str(value)) if set(str(value)) & set(",-") else int(value)
        except ValueError:
            wanted = 0
        if not wanted:
            raise self.wrong(value, param, ctx, "a number of cores from 1, or a list of cores such as 2,4-7")
        return wanted


option = click.option(
    "--engine-cores",
    type=CoreNumbers(),
    metavar="N|LIST",
    help="Run the load engine on N cores, or on those of a list such as 2,4-7, with a thread on each; the threads "
    "share the connections. The servers get the other cores.  [default: 1]",
)


def divided(wanted: Wanted, engine: str) -> Cores:
    """Divide the cores between the load engine and the servers.

    Args:
        wanted: What the option asks for.
        engine: Name of the load engine.

    Raises:
        CallerError: The engine cannot have these cores.
    """
    cores = Cores.divided(wanted)
    if len(cores.engine) > 1 and engine != "native":
        raise CallerError(
            f"the load engine {engine!r} has one thread", subject="--engine-cores", hint="use --engine native"
        )
    return cores
