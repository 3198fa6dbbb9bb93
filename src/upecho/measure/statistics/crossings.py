"""Unix sockets compared with TCP at several message sizes, and the sizes between which the cheaper of them changes.

A change is claimed only between two measured sizes at which the differences are real and have opposite signs. Nothing
is interpolated: where between them the costs are equal is unknown, and so is everything about a size at which no
difference is detected.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace

from upecho.measure.plan.cells import Cell
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.statistics.claims import Verdict
from upecho.measure.statistics.contrasts import Contrast, contrasts
from upecho.measure.statistics.summary import Summary


@dataclass(frozen=True)
class SizeContrast:
    """What a server costs over a Unix socket relative to TCP, at several message sizes, all else being equal.

    Attributes:
        load: The load without its name and message size.
        cell: The server over a Unix socket, without a scenario.
        base: The same server over TCP, without a scenario.
        by_size: The comparison at each message size in bytes, the smallest first.
    """

    load: Scenario
    cell: Cell
    base: Cell
    by_size: Mapping[int, Contrast]

    @property
    def cheaper_at(self) -> list[int]:
        """The sizes at which the Unix socket is known to cost less."""
        return [size for size, one in self.by_size.items() if one.costs_less]

    @property
    def dearer_at(self) -> list[int]:
        """The sizes at which the Unix socket is known to cost more."""
        return [size for size, one in self.by_size.items() if one.costs_more]

    @property
    def crossings(self) -> list[tuple[int, int]]:
        """The pairs of sizes between which the cheaper of the two changes, with no size between them that is known."""
        known = [size for size, one in self.by_size.items() if one.verdict is Verdict.DIFFERENT]
        changes = itertools.pairwise(known)
        return [(a, b) for a, b in changes if self.by_size[a].costs_less != self.by_size[b].costs_less]


def family_contrasts(summary: Summary) -> list[Contrast]:
    """Compare each family with the first one of a run, server by server."""
    cells = summary.measured
    known = set(cells)
    pairs = [(cell, replace(cell, family=cells[0].family)) for cell in cells]
    return contrasts(summary.claims, [(cell, base) for cell, base in pairs if cell != base and base in known])


def size_contrasts(summary: Summary) -> list[SizeContrast]:
    """Return the comparisons of Unix sockets with TCP, together for all loads that differ in the message size only."""
    scenarios = {scenario.name: scenario for scenario in summary.results.scenarios}
    by_size: dict[tuple[Scenario, Cell, Cell], dict[int, Contrast]] = {}
    for one in map(_with_unix_first, family_contrasts(summary)):
        if one.cell.family.is_unix and not one.base.family.is_unix:
            scenario = scenarios[one.cell.scenario]
            sides = replace(one.cell, scenario=""), replace(one.base, scenario="")
            load = replace(scenario, name="", message_size=0)
            by_size.setdefault((load, *sides), {})[scenario.message_size] = one
    return [SizeContrast(*key, dict(sorted(sizes.items()))) for key, sizes in by_size.items()]


def _with_unix_first(one: Contrast) -> Contrast:
    return one.inverse if one.base.family.is_unix else one
