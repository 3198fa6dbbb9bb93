"""The parameter of ``--fail-above``: by how much a quantity may exceed that of the other side."""

from typing import Any

import click
from click.shell_completion import CompletionItem

from upecho.cli.parameters import Parameter
from upecho.measure.plan.ab_test import Limit
from upecho.measure.statistics.quantities import CPU, INSTRUCTIONS, P50, P99, P999, QUANTITIES
from upecho.processes.linux import procfs
from upecho.support.errors import CallerError

MAX_PERCENT = 1000.0
LATENCIES = {one.name for one in (P50, P99, P999)}  # what a load engine measures itself
QUANTITY_NAMES = ", ".join(one.name for one in QUANTITIES)


class LimitText(Parameter):
    """A limit: ``QUANTITY=PERCENT``, or ``PERCENT`` for the CPU time of a request."""

    name = "limit"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Limit:
        """Convert the text to a limit."""
        if isinstance(value, Limit):
            return value
        name, equals, text = str(value).rpartition("=")
        quantity = name if equals else CPU.name
        percent = _number(text)
        if quantity not in {one.name for one in QUANTITIES} or percent is None:
            right = f"PERCENT or QUANTITY=PERCENT, with one of {QUANTITY_NAMES} and 0 to {MAX_PERCENT:g} percent"
            raise self.wrong(value, param, ctx, right)
        return Limit(quantity, percent / 100)

    def completions(self, incomplete: str) -> list[CompletionItem]:
        """Complete the names of quantities."""
        return [CompletionItem(f"{one.name}=", help=one.label) for one in QUANTITIES if one.name.startswith(incomplete)]


def expect_distinct(limits: tuple[Limit, ...]) -> None:
    """Make sure that no quantity is limited twice.

    Raises:
        CallerError: One is.
    """
    names = [one.quantity for one in limits]
    for name in names:
        if names.count(name) > 1:
            raise CallerError(f"--fail-above limits {name} twice", hint="give each quantity one limit")


def expect_observable(limits: tuple[Limit, ...]) -> None:
    """Make sure that this system shows what is limited; otherwise, nothing would ever exceed the limit.

    Raises:
        Unavailable: It does not.
    """
    for one in limits:
        if one.quantity not in LATENCIES:
            procfs.expect_available(f"--fail-above {one.quantity}")


def for_run(limits: tuple[Limit, ...], *, is_counted: bool) -> tuple[Limit, ...]:
    """Return limits for a run that counts instructions instead of measuring time, or that does not.

    A limit of the CPU time is then one of the instructions, which stand for it.

    Raises:
        CallerError: A limit is about time or memory, which such a run does not measure.
    """
    for one in limits if is_counted else ():
        if one.quantity != CPU.name:
            raise CallerError(
                f"a run that counts instructions does not measure {one.quantity}", hint="leave its limit out"
            )
    return tuple(Limit(INSTRUCTIONS.name, one.share) for one in limits) if is_counted else limits


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number <= MAX_PERCENT else None
