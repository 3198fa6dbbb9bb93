"""What the ratios of a table are relative to, in words."""

from collections.abc import Iterable

from upecho.measure.plan.cells import BASELINE, Group, Reference
from upecho.measure.statistics.summary import Summary

THE_BASELINE, CHEAPEST = f"{BASELINE}, the baseline", "the cheapest server"


def reference_name(summary: Summary) -> str:
    """Return what the ratios of a run are relative to, where it has figures."""
    asked = summary.results.reference
    if asked != Reference():
        return asked.label
    return CHEAPEST if _has_no_baseline(summary) else THE_BASELINE


def substitutes(summary: Summary, groups: Iterable[Group]) -> dict[Group, str]:
    """Return those of the groups in which the reference has no figures, with what their ratios are relative to."""
    asked = summary.results.reference
    if asked == Reference() and _has_no_baseline(summary):
        return {}
    cells = {group: summary.claims.reference(group) for group in groups}
    return {
        group: THE_BASELINE if cell.is_baseline else CHEAPEST
        for group, cell in cells.items()
        if not asked.is_cell(cell)
    }


def _has_no_baseline(summary: Summary) -> bool:
    return not any(cell.is_baseline for cells in summary.claims.costs.groups().values() for cell in cells)
