"""What ``upecho bench`` is to measure: targets, families, scenarios, and what of them is possible here."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from upecho.measure import pythons as python_choice
from upecho.measure import scenario_files
from upecho.measure.cells import ALL, BASELINE, SCENARIOS, SUMMARIES, USUAL, Cell, Scenario
from upecho.measure.run import expect_able
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.serving import inventory
from upecho.serving.target import Kind, Target
from upecho.support.errors import CallerError, UpechoError
from upecho.support.text import unknown_name

DEFAULT_FAMILIES = ("inet", "unix")
FILE = ".toml"


def targets(names: Sequence[str]) -> list[str]:
    """Return the servers that were named, or else all that can be had here and are not naive."""
    if not names:
        return [row.name for row in inventory.implementations() if not row.naive and _usable(row)]
    for name in names:
        if Target.parse(name).kind is not Kind.IMPLEMENTATION:
            raise CallerError(
                f"bench starts servers itself: it needs NAME, NAME+LOOP or module:attribute, not {name!r}"
            )
    return list(dict.fromkeys(names))


def miss_baseline(names: Sequence[str]) -> None:
    """Say aloud if the server that is measured unasked cannot be; where none was named, that has been said."""
    if names and BASELINE not in names:
        _usable(next(row for row in inventory.implementations() if row.name == BASELINE))


def families(names: Sequence[str]) -> list[Family]:
    """Return the families that were named, or else the usual ones that can be had here."""
    if not names:
        usual = [row for row in inventory.families() if row.name in DEFAULT_FAMILIES]
        return [Family(row.name) for row in usual if _usable(row)]
    named = [Family(name) for name in dict.fromkeys(names)]
    for family in named:
        family.require()
    return named


def _usable(row: inventory.Entry) -> bool:
    """Say aloud what a default run leaves out."""
    if row.unavailable:
        click.echo(f"left out: {row.name}: {row.unavailable}", err=True)
    return not row.unavailable


def able(pythons: Mapping[str, Interpreter], cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells whose interpreter can load their target; say aloud what is left out."""
    unable = python_choice.unable(pythons, cells)
    for line in dict.fromkeys(f"{cell.target} {cell.python}: {reason}" for cell, reason in unable.items()):
        click.echo(f"left out: {line}", err=True)
    return [cell for cell in cells if cell not in unable]


def scenarios(names: Sequence[str], engine: str) -> list[Scenario]:
    """Return the scenarios that were named, each once, or else the usual ones; of all those that can be had here."""
    found: dict[str, Scenario] = {}
    for scenario in itertools.chain.from_iterable(_named(name, engine) for name in names):
        if found.setdefault(scenario.name, scenario) != scenario:
            raise CallerError(f"two files have a scenario {scenario.name!r}, and not the same one; rename one of them")
    return list(found.values()) or list(USUAL)


def _named(name: str, engine: str) -> Sequence[Scenario]:
    if name == ALL:
        return _possible(engine)
    if name.endswith(FILE):
        return scenario_files.load(Path(name))
    found = [one for one in SCENARIOS if name in (one.name, one.title)]
    if not found:
        raise CallerError(unknown_name("scenario", name, list(SUMMARIES), ALL, f"a {FILE} file"))
    return found


def _possible(engine: str) -> list[Scenario]:
    """Return every scenario that this engine, on this system, can carry out; say aloud what is left out."""
    reasons: dict[str, str] = {}
    for scenario in SCENARIOS:
        try:
            expect_able(engine, [scenario])
        except UpechoError as error:
            reasons[scenario.title] = str(error)
    for title, reason in reasons.items():
        click.echo(f"left out: {title}: {reason}", err=True)
    return [scenario for scenario in SCENARIOS if scenario.title not in reasons]
