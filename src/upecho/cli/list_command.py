"""``upecho list``: what is here, what is unavailable, and why."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

import click

from upecho import inventory

Part = tuple[str, Sequence[inventory.Entry]]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the lists named above.")
def command(as_json: bool) -> None:
    """List implementations, event loops and socket families; say what is unavailable and why.

    \b
    upecho list
    upecho list --json

    \b
    implementations   name, summary, unavailable, max_clients, naive
    loops, families   name, summary, unavailable
    unavailable is the reason or null; max_clients is a number or null for any.
    """  # noqa: D301 (\b is click's mark for lines that stay as they are)
    parts: list[Part] = [
        ("implementations", inventory.servers()),
        ("loops", inventory.loops()),
        ("families", inventory.families()),
    ]
    if as_json:
        click.echo(json.dumps({title: [asdict(entry) for entry in part] for title, part in parts}, indent=2))
    elif sys.stdout.isatty():
        _show_table(parts)
    else:
        _show_plain(parts)


def _clients(entry: inventory.Entry) -> str:
    if not isinstance(entry, inventory.ServerEntry) or entry.unavailable is not None:
        return ""
    return "any" if entry.max_clients is None else str(entry.max_clients)


def _remark(entry: inventory.Entry) -> str:
    if entry.unavailable is not None:
        return f"unavailable: {entry.unavailable}"
    is_naive = isinstance(entry, inventory.ServerEntry) and entry.naive
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
