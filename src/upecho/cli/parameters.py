"""Parameter types shared by the commands: conversion, completion, and errors that say where a value was written."""

import json
import re
from typing import Any

import click
from click.shell_completion import CompletionItem

from upecho.cli.configuration import is_from_file, origin
from upecho.measure.plan.scenarios import SUMMARIES
from upecho.net.address import Address, Family
from upecho.serving import loops, registry
from upecho.serving.settings import DEFAULT_ADDRESS, MAX_MODE
from upecho.support.errors import AddressError, CallerError

FAMILIES = [family.value for family in Family]
ADDRESS_STARTS = (DEFAULT_ADDRESS, "[::1]:8080", "unix:", "unix:@")


class Parameter(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4
    """A parameter type whose errors name the value, where it was written, and what is allowed."""

    def wrong(self, value: Any, param: click.Parameter | None, ctx: click.Context | None, right: str) -> CallerError:
        """Return the error for a value that is not allowed; ``right`` describes what is."""
        shown = json.dumps(value, default=str) if is_from_file(ctx, param) else repr(value)
        return CallerError(f"{origin(ctx, param)} is {shown}; it must be {right}")

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 (click's signature)
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """Return the completions, which depend on nothing but the beginning of the word."""
        return self.completions(incomplete)

    def completions(self, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 (most types have none)
        """Return what a shell may offer for a word that begins with ``incomplete``."""
        return []


class TargetName(Parameter):
    """A target. Only completion happens here: the command decides which forms of target it accepts."""

    name = "target"

    def __init__(self, *, several: bool = False) -> None:
        """Say whether the command takes ``NAME+all``, which stands for several targets."""
        self._loops = (loops.ALL,) if several else ()

    def completions(self, incomplete: str) -> list[CompletionItem]:
        """Complete names of implementations, and names of event loops after a plus sign."""
        name, plus, start = incomplete.partition("+")
        if plus:
            known = (*(row.name for row in loops.registered()), *self._loops)
            return [CompletionItem(f"{name}+{loop}") for loop in known if loop.startswith(start)]
        rows = registry.registrations()
        return [CompletionItem(row.name, help=row.summary) for row in rows if row.name.startswith(name)]


class CheckName(Parameter):
    """The id of a check. The command reports an unknown one."""

    name = "check"

    def completions(self, incomplete: str) -> list[CompletionItem]:
        """Complete the ids of the conformance checks."""
        from upecho.conformance.catalogue import catalogue  # noqa: PLC0415 (only completing check ids needs it)

        checks = catalogue()
        return [CompletionItem(check.id, help=check.requirement) for check in checks if check.id.startswith(incomplete)]


class SuiteName(Parameter):
    """A revision of the suite. The command reports an unknown one."""

    name = "revision"

    def completions(self, incomplete: str) -> list[CompletionItem]:
        """Complete the revisions, the newest first."""
        from upecho.conformance.revisions import revisions  # noqa: PLC0415 (only completing a revision needs it)

        return [CompletionItem(name) for name in sorted(revisions(), reverse=True) if name.startswith(incomplete)]


class ScenarioName(Parameter):
    """The name of a scenario, or a TOML file that defines scenarios. The command reports an unknown one."""

    name = "scenario"

    def completions(self, incomplete: str) -> list[CompletionItem]:
        """Complete the names of the built-in scenarios."""
        found = [title for title in SUMMARIES if title.startswith(incomplete)]
        return [CompletionItem(title, help=SUMMARIES[title]) for title in found]


class FamilyName(click.Choice[str]):
    """The name of a socket family, converted to ``Family``."""

    def __init__(self) -> None:
        super().__init__(FAMILIES)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Convert the name to a member of ``Family``."""
        return Family(super().convert(value, param, ctx))


class AddressText(Parameter):
    """An address in one of the forms that ``Address.parse`` accepts."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        """Parse the address."""
        if isinstance(value, Address):
            return value
        if not isinstance(value, str):
            raise self.wrong(value, param, ctx, f"a string such as {DEFAULT_ADDRESS!r}")
        try:
            return Address.parse(value)
        except AddressError as error:
            raise AddressError(f"{origin(ctx, param)}: {error}") from None

    def completions(self, incomplete: str) -> list[CompletionItem]:
        """Complete the beginning of each form of address."""
        return [CompletionItem(start) for start in ADDRESS_STARTS if start.startswith(incomplete)]


class Number(Parameter):
    """A finite number within limits; a whole number if the limits are whole numbers."""

    name = "number"

    def __init__(self, lowest: float, highest: float) -> None:
        self.lowest = lowest
        self.highest = highest
        self._read = int if isinstance(highest, int) else float

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Convert the value and compare it with the limits; a configuration file must hold a number, not text."""
        number = self._number(value, is_from_file(ctx, param))
        if number is None or not self.lowest <= number <= self.highest:
            kind = "a whole number" if self._read is int else "a number"
            raise self.wrong(value, param, ctx, f"{kind} from {self.lowest:.10g} to {self.highest:.10g}")
        return number

    def _number(self, value: Any, from_file: bool) -> float | None:
        if isinstance(value, bool) or (isinstance(value, str) and from_file):
            return None
        try:
            number = self._read(value)
        except (ValueError, TypeError, OverflowError):
            return None
        return number if isinstance(value, str) or number == value else None


class Mode(Parameter):
    """Permission bits in octal, as chmod takes them.

    A configuration file must hold a string: the TOML number 600 would mean 0o1130.
    """

    name = "mode"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Convert the octal digits to a number."""
        if not isinstance(value, str) or not re.fullmatch("[0-7]{1,4}", value) or int(value, 8) > MAX_MODE:
            raise self.wrong(value, param, ctx, 'octal digits such as "0660", from "0" to "0777"')
        return int(value, 8)
