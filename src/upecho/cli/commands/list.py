"""``upecho list``: what is here, what is unavailable, and why; and what the conformance suite checks."""

import itertools
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

import click

from upecho.serving import inventory

Part = tuple[str, Sequence[inventory.Entry]]


@click.command()
@click.option("--checks", is_flag=True, help="List the checks of the conformance suite instead.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the lists named above.")
def command(checks: bool, as_json: bool) -> None:
    """List implementations, event loops and socket families; say what is unavailable and why.

    \b
    upecho list
    upecho list --json
    upecho list --checks

    \b
    implementations   name, summary, unavailable, max_clients, naive
    loops, families   name, summary, unavailable
    checks            id, topic, level, requirement (only with --checks)
    unavailable is the reason or null; max_clients is a number or null for any.
    """  # noqa: D301 (\b is click's mark for lines that stay as they are)
    if checks:
        _show_checks(inventory.checks(), as_json=as_json)
    else:
        _show_parts(as_json=as_json)


def _show_parts(*, as_json: bool) -> None:
    parts: list[Part] = [
        ("implementations", inventory.implementations()),
        ("loops", inventory.loops()),
        ("families", inventory.families()),
    ]
    if as_json:
        click.echo(json.dumps({title: [asdict(entry) for entry in part] for title, part in parts}, indent=2))
    elif sys.stdout.isatty():
        _show_table(parts)
    else:
        _show_plain(parts)


def _show_checks(checks: Sequence[inventory.CheckEntry], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"checks": [asdict(check) for check in checks]}, indent=2))
        return
    topics = [(topic, list(group)) for topic, group in itertools.groupby(checks, lambda check: check.topic)]
    if sys.stdout.isatty():
        _show_checks_table(topics)
        return
    width = max(len(check.id) for check in checks)
    for topic, group in topics:
        click.echo(topic)
        for check in group:
            click.echo(f"  {check.id:<{width}}  {check.level:<6}  {check.requirement}")


def _show_checks_table(topics: Sequence[tuple[str, Sequence[inventory.CheckEntry]]]) -> None:
    from rich.console import Console  # noqa: PLC0415 (slow; only a terminal needs it)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for _ in ("id", "level"):
        table.add_column(no_wrap=True)
    table.add_column()
    for topic, group in topics:
        table.add_row(Text(topic, style="bold"))
        for check in group:
            table.add_row(Text(check.id, style="cyan"), Text(check.level, style="dim"), Text(check.requirement))
    Console().print(table)


def _clients(entry: inventory.Entry) -> str:
    if not isinstance(entry, inventory.ImplementationEntry) or entry.unavailable is not None:
        return ""
    return "any" if entry.max_clients is None else str(entry.max_clients)


def _remark(entry: inventory.Entry) -> str:
    if entry.unavailable is not None:
        return f"unavailable: {entry.unavailable}"
    is_naive = isinstance(entry, inventory.ImplementationEntry) and entry.naive
    return f"{entry.summary} (naive)" if is_naive else entry.summary


def _show_plain(parts: list[Part]) -> None:
    """One line each, for grep."""
    width = max(len(entry.name) for _, part in parts for entry in part)
    for title, part in parts:
        click.echo(title)
        for entry in part:
            click.echo(f"  {entry.name:<{width}}  {_clients(entry):>3}  {_remark(entry)}".rstrip())


def _show_table(parts: list[Part]) -> None:
    from rich.console import Console  # noqa: PLC0415 (slow; only a terminal needs it)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading, justify in (("implementations", "left"), ("clients", "right"), ("", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for title, part in parts:
        if title != "implementations":
            table.add_row()
            table.add_row(Text(title, style="bold"))
        for entry in part:
            remark = Text(_remark(entry), style="dim" if entry.unavailable else "")
            table.add_row(Text(entry.name, style="cyan"), _clients(entry), remark)
    Console().print(table)
