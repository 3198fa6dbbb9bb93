"""Remarks below the tables of a scenario.

They say what the families cost, where ratios have another reference, which servers are better than the baseline, and
how the workers of a server have shared its load.
"""

from collections.abc import Iterator, Sequence

from rich.text import Text

from upecho.measure.plan.cells import BASELINE, Group
from upecho.measure.statistics.imbalance import Imbalance, Range, imbalance
from upecho.measure.statistics.leads import Figure, Lead
from upecho.measure.statistics.summary import Row, Summary, family_ratios
from upecho.report.benchmark.lines import precision_text
from upecho.report.benchmark.references import THE_BASELINE, substitutes

MEANING = {
    Figure.COST: f"{BASELINE} is a plain readiness loop and no lower limit; a server that enters the kernel less often "
    "can cost less.",
    Figure.P50: f"{BASELINE} sleeps until a request arrives, and being woken takes time, so it is no lower limit; a "
    "server that polls, or is still busy when the next request arrives, can answer sooner, at the price of CPU time.",
}


def remarks(summary: Summary, rows: Sequence[Row], found: Sequence[Lead]) -> Iterator[Text]:
    """Yield the lines below the tables of a scenario, and a blank one if there are any.

    Args:
        summary: Run to report on.
        rows: Its rows of the scenario.
        found: Servers that are better than the baseline in the scenario, the best first.
    """
    lines = [*_families(rows), *_references(summary, rows), *_leads(found), *_shares(summary, rows)]
    yield from (Text(line, "cyan") for line in lines)
    if lines:
        yield Text()


def _families(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a line for each family but the first: what the same servers cost over it."""
    is_counted = any(row.figures.instructions for row in rows if row.figures)
    cost = "many instructions" if is_counted else "much CPU"
    for one in family_ratios(rows):
        servers = f"median of {one.targets} servers" if one.targets > 1 else "1 server"
        yield f"{one.family} costs {one.ratio:.2f} times as {cost} as {one.base} ({servers})"


def _references(summary: Summary, rows: Sequence[Row]) -> Iterator[str]:
    """Yield a line for each table in which the reference of the run has no figures."""
    groups = dict.fromkeys(row.cell.group for row in rows if row.figures)
    for group, name in substitutes(summary, groups).items():
        label = summary.results.reference.label
        yield f"{label} has no figures over {group.family}: ratios there are relative to {name}"


def _leads(found: Sequence[Lead]) -> Iterator[str]:
    """Yield a line for each table and figure in which a server is better than the baseline."""
    tables: dict[tuple[Group, Figure], list[Lead]] = {}
    for lead in found:
        tables.setdefault((lead.cell.group, lead.figure), []).append(lead)
    for (group, figure), there in tables.items():
        servers = ", ".join(f"{one.cell.label} ({one.ratio.ratio:.2f} ± {precision_text(one.ratio)})" for one in there)
        yield (f"In {group}, the {figure} of {servers} is lower than that of {THE_BASELINE}: {MEANING[figure]}")


def _shares(summary: Summary, rows: Sequence[Row]) -> Iterator[str]:
    """Yield a line for each server with several workers: the lowest and the highest share of one of them."""
    for row in rows:
        if row.figures and (found := imbalance(summary.loads(row.cell))):
            yield f"{row.cell.label} over {row.cell.family}: {_shares_text(found)}"


def _shares_text(found: Imbalance) -> str:
    if not found.accepted:
        return "it is unknown which worker had which connection"
    requests = f"{_range(found.requests)} of the requests" if found.requests else "an unknown share of the requests"
    return f"each of its {found.workers} workers had {_range(found.accepted)} of the connections and {requests}"


def _range(share: Range) -> str:
    return f"{share.lowest:.0%} to {share.highest:.0%}"
