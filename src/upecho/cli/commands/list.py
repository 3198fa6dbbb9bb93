"""``upecho list``: the implementations, loops and families available here, and the conformance checks."""

import contextlib
import itertools
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from upecho.cli.features import features
from upecho.serving import inventory
from upecho.serving.loops import ALL

if TYPE_CHECKING:
    from rich.table import Table

    from upecho.conformance.check import Check

Section = tuple[str, Sequence[inventory.Entry]]

LOOPS = "loops"
EVERY_LOOP = inventory.Entry(ALL, "every installed loop, as in upecho check asyncio+all")


@click.command()
@click.option("--checks", is_flag=True, help="List the conformance checks instead.")
@click.option("--json", "as_json", is_flag=True, help="Print the list as one JSON object.")
def command(checks: bool, as_json: bool) -> None:
    """List implementations, loops, families and features, and why some are unavailable.

    \b
    upecho list
    upecho list --json
    upecho list --checks

    \b
    The JSON object contains these lists, whose entries have these keys:
    implementations   name, summary, unavailable, max_clients, naive
    loops, families   name, summary, unavailable
    features          name, summary, unavailable
    checks            id, topic, level, requirement, unavailable (only with
                      --checks)
    unavailable is a reason or null; max_clients is a number, or null for no
    limit; naive servers exist to show mistakes.
    """  # noqa: D301 (\b tells click not to rewrap the lines)
    if checks:
        _list_checks(as_json=as_json)
    else:
        _list_names(as_json=as_json)


def _list_names(*, as_json: bool) -> None:
    unusable = _unusable()
    with contextlib.redirect_stdout(sys.stderr):  # what a module prints at import is not part of the list
        sections: list[Section] = [
            ("implementations", [*inventory.implementations(unusable), *inventory.unusable_implementations(unusable)]),
            (LOOPS, inventory.loops(unusable)),
            ("families", inventory.families()),
            ("features", features()),
        ]
    if as_json:
        click.echo(json.dumps({title: [asdict(entry) for entry in entries] for title, entries in sections}, indent=2))
        return
    sections = [(title, [*entries, EVERY_LOOP] if title == LOOPS else entries) for title, entries in sections]
    if sys.stdout.isatty():
        _print(_names_table(sections))
    else:
        _print_names(sections)


def _unusable() -> dict[str, str]:
    """Return the targets of other packages that cannot be used, each with the reason.

    Each is tried in a process of its own, because its import may crash, exit or hang.
    """
    foreign = inventory.foreign()
    if not foreign:
        return {}
    from upecho.conformance.run import preconditions  # noqa: PLC0415 (only code of others needs it)

    return dict(preconditions.tried(foreign).unusable)


def _list_checks(*, as_json: bool) -> None:
    from upecho.conformance.catalogue import catalogue  # noqa: PLC0415 (only --checks needs it)

    checks = catalogue()
    if as_json:
        click.echo(json.dumps({"checks": [_as_dict(check) for check in checks]}, indent=2))
        return
    topics = [(topic, list(group)) for topic, group in itertools.groupby(checks, lambda check: check.topic)]
    if sys.stdout.isatty():
        _print(_checks_table(topics))
    else:
        _print_checks(topics)


def _as_dict(check: "Check") -> dict[str, str | None]:
    return {
        "id": check.id,
        "topic": check.topic,
        "level": check.level.value,
        "requirement": check.requirement,
        "unavailable": check.unavailable or None,
    }


def _print_names(sections: Sequence[Section]) -> None:
    """Print one line per entry, for grep."""
    width = max(len(entry.name) for _, entries in sections for entry in entries)
    for title, entries in sections:
        click.echo(title)
        for entry in entries:
            click.echo(f"  {entry.name:<{width}}  {_max_clients(entry):>3}  {_remark(entry)}".rstrip())


def _print_checks(topics: Sequence[tuple[str, Sequence["Check"]]]) -> None:
    """Print one line per check, for grep."""
    width = max(len(check.id) for _, checks in topics for check in checks)
    for topic, checks in topics:
        click.echo(topic)
        for check in checks:
            click.echo(f"  {check.id:<{width}}  {check.level.value:<6}  {_requirement(check)}")


def _requirement(check: "Check") -> str:
    return f"{check.requirement} (unavailable: {check.unavailable})" if check.unavailable else check.requirement


def _names_table(sections: Sequence[Section]) -> "Table":
    from rich.table import Table  # noqa: PLC0415 (slow to import; only a terminal needs it)
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("implementations")
    table.add_column("clients", justify="right")
    table.add_column("")
    for title, entries in sections:
        if title != "implementations":
            table.add_row()
            table.add_row(Text(title, style="bold"))
        for entry in entries:
            remark = Text(entry.unavailable, style="dim") if entry.unavailable else Text(_remark(entry))
            table.add_row(Text(entry.name, style="cyan"), _max_clients(entry), remark)
    return table


def _checks_table(topics: Sequence[tuple[str, Sequence["Check"]]]) -> "Table":
    from rich.table import Table  # noqa: PLC0415 (slow to import; only a terminal needs it)
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for _ in ("id", "level"):
        table.add_column(no_wrap=True)
    table.add_column()
    for topic, checks in topics:
        table.add_row(Text(topic, style="bold"))
        for check in checks:
            level = Text(check.level.value, style="dim")
            table.add_row(Text(check.id, style="cyan"), level, Text(_requirement(check)))
    return table


def _print(table: "Table") -> None:
    from rich.console import Console  # noqa: PLC0415 (slow to import; only a terminal needs it)

    Console().print(table)


def _max_clients(entry: inventory.Entry) -> str:
    if not isinstance(entry, inventory.ImplementationEntry) or entry.unavailable is not None:
        return ""
    return "any" if entry.max_clients is None else str(entry.max_clients)


def _remark(entry: inventory.Entry) -> str:
    if entry.unavailable is not None:
        return f"unavailable: {entry.unavailable}"
    is_naive = isinstance(entry, inventory.ImplementationEntry) and entry.naive
    return f"{entry.summary} (naive)" if is_naive else entry.summary
