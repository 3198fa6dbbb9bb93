"""The report of a comparison of two runs: a table per scenario and family, in the order of the later run."""

from collections.abc import Iterator, Mapping, Sequence

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from upecho.measure.cores import named, ranges
from upecho.measure.environment import Environment
from upecho.measure.plan.cells import BASELINE, Cell
from upecho.measure.results import Results
from upecho.measure.statistics.changes import BASE, NEW, Change, Changes
from upecho.measure.statistics.claims import Verdict
from upecho.report.benchmark import observation
from upecho.report.benchmark.footer import packages_of, quota_lines, range_of, rounds_of, servers_on
from upecho.report.benchmark.lines import PRECISION, TOO_FEW, over, precision_text
from upecho.report.figures import three_digits, whole
from upecho.report.layout import MIN_NAME_WIDTH, cut, shortened, table_width

COSTS_MORE, COSTS_LESS = "costs more", "costs less"
TITLES = (f"{BASE} µs", f"{NEW} µs", "ratio", "±", "")  # of the columns after the first
COUNTED_TITLES = (BASE, NEW, *TITLES[2:])
REASON_LENGTH = 60
MAX_CELLS = 4  # cells named in a line about those that are not compared


def changes(found: Changes, width: int) -> RenderableType:
    """Return the report of a comparison.

    Args:
        found: Comparison to report on.
        width: Width of the terminal, in characters.
    """
    parts: list[RenderableType] = []
    titles = COUNTED_TITLES if found.is_counted else TITLES
    figures_width = table_width([titles, *([text.plain for text in _figures(one)] for one in found.cells)], gap=1)
    names = shortened(
        (text for one in found.cells for text in _first_column(one)), max(MIN_NAME_WIDTH, width - figures_width)
    )
    loads = {scenario.name: scenario for scenario in found.summaries[NEW].results.scenarios}
    for scenario in dict.fromkeys(one.cell.scenario for one in found.cells):
        parts.append(Text.assemble((scenario, "bold"), (f"  {loads[scenario].summary}", "dim"), "\n"))
        rows = [one for one in found.cells if one.cell.scenario == scenario]
        for family in dict.fromkeys(one.cell.family for one in rows):
            parts += [_table([one for one in rows if one.cell.family == family], names, titles), Text()]
    return Group(*parts, *_absent(found), *_footer(found))


def without_answer(found: Changes) -> Iterator[Text]:
    """Yield a line about the cells that fail now, and one about those that nothing can be concluded about."""
    if found.broken:
        yield Text(f"--fail-above: broken since {BASE}: {', '.join(where(one.cell) for one in found.broken)}", "red")
    if undecided := found.undecided():
        yield Text(f"--fail-above: undecided: {len(undecided)} of {len(found.cells)} cells", "yellow")


def _first_column(change: Change) -> tuple[str, str]:
    return change.new.label, over(change.cell.family)


def where(cell: Cell) -> str:
    """Return which server a cell is, over which family and under which load."""
    return f"{cell.label} over {cell.family} in {cell.scenario}"


def _table(rows: Sequence[Change], names: Mapping[str, str], titles: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    width = max(map(cell_len, names.values()))
    table.add_column(names[over(rows[0].cell.family)], width=width, no_wrap=True, header_style="bold cyan")
    for title in titles:
        table.add_column(title, justify="right" if title else "left", no_wrap=True)
    for one in rows:
        table.add_row(Text(names[one.new.label]), *_figures(one))
    return table


def _figures(change: Change) -> list[Text]:
    """Return the texts of the columns after the first."""
    rows = (change.base, change.new)
    if change.is_counted:
        costs, ratio = [whole(row.cost) for row in rows], f"{change.ratio.ratio:.5f}"
    else:
        costs, ratio = [three_digits(row.cost / 1e3) for row in rows], f"{change.ratio.ratio:.3f}"
    return [*map(Text, (*costs, ratio, precision_text(change.ratio))), _verdict(change)]


def conclusion(change: Change) -> str:
    """Return what is known about the cost of a cell."""
    if change.verdict is not Verdict.DIFFERENT:
        return change.verdict.value
    return COSTS_MORE if change.costs_more else COSTS_LESS


def _verdict(change: Change) -> Text:
    is_different = change.verdict is Verdict.DIFFERENT
    return Text(conclusion(change), ("red" if change.costs_more else "green") if is_different else "dim")


def reasons(found: Changes) -> dict[tuple[str, bool], list[Cell]]:
    """Return the cells that are not compared, by the reason and by whether their target fails only in NEW."""
    cells: dict[tuple[str, bool], list[Cell]] = {}
    for one in found.absent:
        cells.setdefault((one.reason, one.is_broken), []).append(one.cell)
    return cells


def _absent(found: Changes) -> Iterator[Text]:
    """Yield a line for each reason why cells are not compared."""
    for (reason, is_broken), cells in reasons(found).items():
        more = f" and {len(cells) - MAX_CELLS} more" if len(cells) > MAX_CELLS else ""
        line = f"not compared ({cut(reason, REASON_LENGTH)}): {', '.join(map(where, cells[:MAX_CELLS]))}{more}"
        yield Text(line, "red" if is_broken else "dim")
    if found.absent:
        yield Text()


def _footer(found: Changes) -> Iterator[Text]:
    if found.cells:
        yield from map(Text, meaning(found))
        yield Text(PRECISION)
        yield from map(Text, certainty(found))
    width = max(map(len, found.summaries))
    for name, summary in found.summaries.items():
        yield Text(f"{name:{width}} {_run(summary.results)}", "dim")
    yield from (Text(line, "yellow") for line in cautions(found))


def cautions(found: Changes) -> Iterator[str]:
    """Yield what restricts the comparison."""
    for name, summary in found.summaries.items():
        if not summary.results.complete:
            yield f"The run of {name} was interrupted, so that trials may be missing."
    base, new = (summary.results.environment for summary in found.summaries.values())
    if (differences := list(_machine_differences(base, new))) and not found.is_counted:
        yield f"different machines: {'; '.join(differences)}; the ratios include that difference"
    yield from observation.cautions(found)


def meaning(found: Changes) -> Iterator[str]:
    """Yield the meaning of the costs and of the ratio."""
    if found.is_counted:
        yield f"{BASE}, {NEW}: instructions of the server per request in user mode, median of the rounds"
    elif any(one.new.figures and one.new.figures.cpu_ns for one in found.cells):
        yield "µs: CPU time of the server per request, median of the trials of a run"
    else:
        yield "µs: elapsed time per request, because the system does not report CPU time"
    if any(row.request.failed_checks for one in found.cells for row in (one.base, one.new)):
        yield (
            "Some servers fail conformance checks (marked ! where they do so in NEW): their figures may come from "
            "doing less work."
        )
    ratio = f"ratio: cost in {NEW} relative to {BASE}"
    if found.is_counted:
        yield f"{ratio}, paired by round, each of which has the same memory layout in both runs"
        return
    yield f"{ratio}. {_division(found)}" if found.baselines else ratio
    undivided = dict.fromkeys(one.cell.group for one in found.cells if one.cell.group not in found.baselines)
    if undivided:
        where = f"In {', '.join(map(str, undivided))}, costs" if found.baselines else "Costs"
        yield f"{where} are not divided by a baseline, so a slower machine looks like a more expensive server."


def _division(found: Changes) -> str:
    ratios = [f"{pick(one.ratio for one in found.baselines.values()):.3f}" for pick in (min, max)]
    own = ratios[0] if ratios[0] == ratios[1] else f"{ratios[0]} to {ratios[1]}, depending on the table"
    return (
        f"Each cost is divided by that of {BASELINE}, the baseline, in the same round, which cancels a slowdown of the "
        f"machine; {BASELINE} itself is not compared (its ratio: {own})."
    )


def certainty(found: Changes) -> Iterator[str]:
    """Yield what a claimed difference means, and how certain the figures are."""
    undivided = ", also without the division" if found.baselines else ""
    floor = "" if found.is_counted else f", and exceeds A/A{undivided}"
    yield f"A claimed difference has p < 5%, corrected for all comparisons (Holm){floor}."
    if found.floors:
        spread = range_of(list(found.floors.values()))
        yield f"A/A: the same server measured twice in a run differs from itself by up to {spread}."
    if any(one.verdict is Verdict.TOO_FEW for one in found.cells):
        yield TOO_FEW
    for name, summary in found.summaries.items():
        if disturbed := summary.claims.disturbed:
            busy = ": the machine was too busy to draw conclusions" if summary.claims.is_too_busy else ""
            yield f"{disturbed:.0%} of the trials of {name} were disturbed{busy}."
        yield from quota_lines(summary.claims, f"the trials of {name}")


def _run(results: Results) -> str:
    here = results.environment
    engine = f"load engine {results.window.engine}"
    versions = [f"upecho {here.upecho}", here.python, *servers_on(results), *packages_of(results)]
    return " · ".join([here.started, *versions, here.system, here.cpu, engine, rounds_of(results)])


def _machine_differences(base: Environment, new: Environment) -> Iterator[str]:
    """Yield how two machines differ."""
    for one, other in ((base.cpu, new.cpu), (base.system, new.system), (_cores(base), _cores(new))):
        if one != other:
            yield f"{one} and {other}"


def _cores(here: Environment) -> str:
    if not here.cores.engine:
        return f"load engine and servers on the same of {here.core_count} cores"
    engine, servers = named(here.cores.engine), ranges(here.cores.servers)
    return f"load engine on {engine}, servers on {servers} of {here.core_count}"
