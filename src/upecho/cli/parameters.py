"""Parameter types that several commands share: targets and families, with completion and one-line errors."""

import click
from click.shell_completion import CompletionItem

from upecho import registry
from upecho.address import Family

FAMILIES = [family.value for family in Family]


class TargetName(click.ParamType):
    """The name of an implementation; anything else a command understands is let through."""

    name = "target"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 (click's signature)
        """Complete the names of implementations, and loops after a plus sign."""
        name, plus, _ = incomplete.partition("+")
        if plus:
            return [CompletionItem(f"{name}+{loop}") for loop in registry.LOOPS]
        return [CompletionItem(row.name, help=row.summary) for row in registry.implementations()]


class FamilyName(click.Choice[str]):
    """One of the socket families."""

    def __init__(self) -> None:
        super().__init__(FAMILIES)
