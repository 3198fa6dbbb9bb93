"""The run of ``upecho bench TARGET...``: which cells are compared, and how."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from upecho.cli.bench import choices, engine_cores, instructions, observation
from upecho.cli.bench.profiles import profile_of, window_and_limits
from upecho.measure.plan import pythons
from upecho.measure.plan.cell_plan import PlannedCell, every_cell, missing_baselines
from upecho.measure.plan.cells import Reference, on_python
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.plan.settings import Counting, RunSettings
from upecho.measure.run import Run, expect_engine_supports
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.serving.target import Target

Check = Callable[[Sequence[PlannedCell]], list[PlannedCell]]


@dataclass(frozen=True)
class Selection:
    """What a run compares.

    Attributes:
        targets: Targets to measure.
        reference: Target that ratios are relative to.
        reference_python: Name of the interpreter that the user named with it; empty if there is none.
        interpreters: Interpreters that run the servers, by their names in cells; empty for that of upecho.
        unusable: Reasons why the code of a target cannot be loaded, by target.
    """

    targets: Sequence[Target]
    reference: Target
    reference_python: str
    interpreters: Mapping[str, Interpreter]
    unusable: Mapping[str, str]

    @classmethod
    def of(cls, names: Sequence[str], options: Mapping[str, Any]) -> Self:
        """Select what the user named.

        Raises:
            CallerError: A target or an interpreter does not exist, or cannot be measured.
            Unavailable: A package that a target needs is not installed.
        """
        interpreters = pythons.named(options["programs"])
        name, python = on_python(options["reference"], interpreters)
        found = choices.tried(names, name, list(interpreters.values()))
        selected = choices.targets(names, found, options["max_clients"], addresses=True)
        reference = choices.reference_target(name, found)
        return cls(selected, reference, python, interpreters, found.unusable)

    @property
    def every_target(self) -> list[Target]:
        """All targets, with the reference."""
        return [*self.targets, self.reference]

    def cells(
        self, families: Sequence[Family], scenarios: Sequence[Scenario], *, cold: bool
    ) -> tuple[list[PlannedCell], Reference]:
        """Return the cells of all targets and of the reference, and which of them is the reference.

        Raises:
            CallerError: No interpreter can load the reference.
        """
        cells = every_cell(self.targets, families, scenarios, pythons=self.interpreters, cold=cold)
        references = every_cell([self.reference], families, scenarios, pythons=self.interpreters)
        cells = choices.loadable(choices.with_reference(cells, references), self.unusable)
        reference = choices.chosen_reference(cells, self.reference, self.reference_python)
        return choices.without_other_references(cells, reference), reference


def comparison(
    names: Sequence[str],
    families: Sequence[Family],
    options: Mapping[str, Any],
    check: Check,
    counting: Counting | None = None,
) -> Run:
    """Return the run that compares all targets with a reference.

    Args:
        names: The targets that the user named.
        families: The families that the user named.
        options: The other options of the command.
        check: Checks the conformance of cells, and returns them with the checks that failed.
        counting: How instructions are counted; None if time is measured.

    Raises:
        CallerError: Something that the user named does not exist, or cannot be measured.
        Unavailable: A package or a load engine is missing.
    """
    names = choices.expanded(names)
    selection = Selection.of(names, options)
    if counting:
        instructions.expect_startable(selection.every_target)
    profile = profile_of(options)
    families = choices.families(observation.families(families, selection.every_target), profile.families)
    window, limits = window_and_limits(options)
    cores = engine_cores.divided(options["engine_cores"], window.engine)
    scenarios = choices.scenarios(options["scenarios"], window.engine, profile.scenarios)
    if counting:
        instructions.expect_lockstep(scenarios)
    expect_engine_supports(window.engine, scenarios)
    cells, reference = selection.cells(families, scenarios, cold=options["cold"])
    cells = observation.with_running(cells, options["pids"], options["groups"])
    choices.report_missing_baseline(names)
    cells += missing_baselines(cells, cores.engine)
    settings = RunSettings(
        window,
        limits,
        checked=not options["no_check"],
        quickly_checked=options["quick"] and not options["no_check"],
        even_if_failing=options["even_if_failing"],
        reference=reference,
        max_clients=options["max_clients"],
        counting=counting,
        cores=cores,
    )
    return Run(cells if options["no_check"] else check(cells), settings)
