"""What ``upecho bench`` measures: targets, families and scenarios, and which of them are possible here."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from upecho.conformance.run import preconditions
from upecho.conformance.run.preconditions import Tried
from upecho.conformance.run.selection import parse_targets
from upecho.measure.plan import pythons, scenario_files
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.plan.cells import BASELINE, Reference
from upecho.measure.plan.scenarios import ALL, SCENARIOS, SUMMARIES, Scenario
from upecho.measure.run import expect_engine_supports
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.serving import inventory, registry
from upecho.serving.target import Kind, Target
from upecho.support.errors import CallerError, UpechoError
from upecho.support.text import unknown_name

FILE_ENDING = ".toml"


def expanded(names: Sequence[str]) -> list[str]:
    """Return the targets with a target for each loop in place of ``NAME+all``; report those that are impossible."""
    found, limited = inventory.expanded(names)
    for name, reason in limited.items():
        _report_skipped(name, reason)
    return found


def tried(names: Sequence[str], reference: str = "", interpreters: Sequence[Interpreter] = ()) -> Tried:
    """Try the targets that have code of others, and report those whose code cannot be loaded.

    Args:
        names: The targets that the user named; if there are none, every server that is installed counts.
        reference: Target that ratios are to be relative to; empty if the user named none.
        interpreters: Pythons that run the servers; by default, the one that runs upecho.

    Raises:
        HarnessError: No process could be started to try it.
    """
    every = names or [row.name for row in registry.registrations() if row.is_installed]
    found = preconditions.tried([*every, *filter(None, [reference])], interpreters)
    for name, reason in found.unusable.items():
        click.echo(f"not measuring {name}: {reason}", err=True)
    return found


def targets(
    names: Sequence[str], found: Tried, max_clients: int | None = None, *, addresses: bool = False
) -> list[Target]:
    """Return the targets that the user named, or else every available server that is not naive.

    A framework that is not installed is left out without a word, because it is optional.

    Args:
        names: The targets that the user named.
        found: What was found out about them; those whose code cannot be loaded are among the result.
        max_clients: Number of clients that a target serves at the same time, for targets that do not declare it.
        addresses: Whether the run can measure servers that run already.

    Raises:
        CallerError: A target does not exist, or is the address of a server although the run starts each itself.
        Unavailable: A package that a target needs is not installed.
    """
    if names:
        chosen = [_target(name, found, max_clients) for name in dict.fromkeys(names)]
        for one in chosen:
            if one.kind is Kind.ADDRESS and not addresses:
                raise CallerError(f"this run starts each server itself, so it cannot measure {one.text!r}")
        return chosen
    without = {*found.unusable, *inventory.not_installed()}
    rows = [row for row in inventory.implementations(without) if not row.naive and _is_available(row)]
    return [*(_target(row.name, found) for row in rows), *map(Target.implementation, found.unusable)]


def reference_target(name: str, found: Tried) -> Target:
    """Return the target that ratios are to be relative to: the one that the user named, or else the baseline.

    Args:
        name: The target that the user named; empty if there is none.
        found: What was found out about the targets of the run.

    Raises:
        CallerError: The target does not exist.
        Unavailable: A package that the target needs is not installed.
    """
    return _target(name, found) if name else Target.implementation(BASELINE)


def with_reference(cells: Sequence[PlannedCell], reference: Sequence[PlannedCell]) -> list[PlannedCell]:
    """Return cells and, after them, those of the reference that are missing; the baseline is added later.

    Args:
        cells: Cells of the targets.
        reference: All warm cells of the reference.
    """
    present = {one.cell for one in cells}
    missing = [one for one in reference if one.cell not in present and one.cell.target != BASELINE]
    return [*cells, *(replace(one, added=True) for one in missing)]


def chosen_reference(cells: Sequence[PlannedCell], target: Target, python: str = "") -> Reference:
    """Return the reference of a run, on the interpreter that the user named, or else on the first that can load it.

    Raises:
        CallerError: No interpreter can load it.
    """
    if target.text == BASELINE:
        return Reference()
    for one in cells:
        if one.cell.target == target.text and python in ("", one.cell.python):
            return Reference(target.text, one.cell.python)
    able = f"the interpreter {python} cannot" if python else "no interpreter can"
    raise CallerError(f"{able} load the reference {target.text}")


def without_other_references(cells: Sequence[PlannedCell], reference: Reference) -> list[PlannedCell]:
    """Return cells without those that were added although the reference is on another interpreter."""
    return [one for one in cells if not one.added or reference.is_cell(one.cell)]


def _target(name: str, found: Tried, max_clients: int | None = None) -> Target:
    if name in found.unusable:
        return Target.implementation(name)
    (target,) = parse_targets([name], max_clients, declared=found.declared)
    return target


def report_missing_baseline(names: Sequence[str]) -> None:
    """Report that the baseline is unavailable, unless the selection of default targets has reported it."""
    if names and BASELINE not in names:
        _is_available(inventory.implementation(registry.find(BASELINE)))


def families(named: Sequence[Family], default: Sequence[Family]) -> list[Family]:
    """Return the families that the user named, or else the default ones that are available.

    Args:
        named: The families that the user named.
        default: The families of a run for which the user named none.

    Raises:
        Unavailable: This system lacks a family that the user named.
    """
    if not named:
        rows = [row for row in inventory.families() if Family(row.name) in default]
        return [Family(row.name) for row in rows if _is_available(row)]
    found = list(dict.fromkeys(named))
    for family in found:
        family.require()
    return found


def _is_available(row: inventory.Entry) -> bool:
    """Whether an entry can be used here; report it as skipped if not."""
    if row.unavailable:
        _report_skipped(row.name, row.unavailable)
    return not row.unavailable


def loadable(cells: Sequence[PlannedCell], unusable: Mapping[str, str]) -> list[PlannedCell]:
    """Return the cells without those whose interpreter lacks what their target needs; report these as skipped.

    Args:
        cells: All cells of the run.
        unusable: Targets whose code cannot be loaded, with the reasons, which their cells get.

    Raises:
        CallerError: No such cell is left that the user asked for.
    """
    cells = [replace(one, unusable=unusable.get(one.cell.target, "")) for one in cells]
    unable = pythons.unloadable(cells)
    skipped = {f"{one.cell.target} on {one.cell.python}": reason for one, reason in unable.items()}
    for what, reason in skipped.items():
        _report_skipped(what, reason)
    found = [one for one in cells if one not in unable]
    if all(one.added for one in found):
        raise CallerError("nothing to measure: no interpreter can load any of the targets")
    return found


def scenarios(names: Sequence[str], engine: str, default: Sequence[Scenario]) -> list[Scenario]:
    """Return the scenarios that the user named, or else the default ones.

    Args:
        names: Names of scenarios and of files that define some.
        engine: Name of the load engine.
        default: The default ones.

    Raises:
        CallerError: A scenario does not exist, a file is invalid, or two files define a name differently.
    """
    found: dict[str, Scenario] = {}
    for scenario in itertools.chain.from_iterable(_named(name, engine) for name in names):
        if found.setdefault(scenario.name, scenario) != scenario:
            raise CallerError(f"two files define the scenario {scenario.name!r} differently", hint="rename one of them")
    return list(found.values()) or list(default)


def _named(name: str, engine: str) -> Sequence[Scenario]:
    if name == ALL:
        return _supported(engine)
    if name.endswith(FILE_ENDING):
        return scenario_files.read_scenarios(Path(name))
    found = [one for one in SCENARIOS if name in (one.name, one.title)]
    if not found:
        raise CallerError(unknown_name("scenario", name, list(SUMMARIES), ALL, f"a {FILE_ENDING} file"))
    return found


def _supported(engine: str) -> list[Scenario]:
    """Return every scenario that an engine can produce here; report the others as skipped."""
    reasons: dict[str, str] = {}
    for scenario in SCENARIOS:
        try:
            expect_engine_supports(engine, [scenario])
        except UpechoError as error:
            reasons[scenario.title] = str(error)
    for title, reason in reasons.items():
        _report_skipped(title, reason)
    return [scenario for scenario in SCENARIOS if scenario.title not in reasons]


def _report_skipped(what: str, reason: str) -> None:
    click.echo(f"skipping {what}: {reason}", err=True)
