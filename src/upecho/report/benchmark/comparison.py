"""The report of a run for a terminal: a table per scenario and family, sorted by the ratio of the costs."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from upecho.measure.plan import cells
from upecho.measure.plan.scenarios import Scenario, title_summary
from upecho.measure.statistics.leads import leads
from upecho.measure.statistics.summary import Row, Summary
from upecho.report.benchmark import curves, ladders
from upecho.report.benchmark.answers import answers
from upecho.report.benchmark.columns import Column
from upecho.report.benchmark.family_table import FamilyTable
from upecho.report.benchmark.footer import footer
from upecho.report.benchmark.lines import Lines, lines
from upecho.report.benchmark.remarks import remarks
from upecho.report.layout import MIN_NAME_WIDTH, shortened

GAP = 4  # characters between two tables side by side


def comparison(summary: Summary, width: int, columns: Sequence[Column] = ()) -> RenderableType:
    """Return the report of a run.

    Args:
        summary: Run to report on.
        width: Width of the terminal, in characters.
        columns: Columns to show instead of those of each scenario; empty for these.
    """
    if summary.results.ab_test:
        return Group(*answers(summary), *footer(summary, {}))
    scenarios, tables, found = summary.results.scenarios, lines(summary), leads(summary.results)
    parts: list[RenderableType] = []
    for scenario in scenarios:
        rows = [row for row in summary.rows if row.cell.scenario == scenario.name]
        if scenario.curve:
            points = [one for one in scenarios if one.curve == scenario.curve]
            if scenario is points[0]:
                parts += [_heading(points), *curves.tables(points, summary.rows, width, columns)]
        elif scenario.ladder:
            steps = [one for one in scenarios if one.ladder == scenario.ladder]
            if scenario is steps[0]:
                parts += [_heading(steps), *ladders.ladder(scenario.ladder, summary, width, columns)]
        else:
            parts += [_heading([scenario]), *_families(scenario, rows, tables, width=width, columns=columns)]
            parts += remarks(summary, rows, [one for one in found if one.cell.scenario == scenario.name])
    return Group(*parts, *footer(summary, tables, columns))


def _heading(scenarios: Sequence[Scenario]) -> Text:
    return Text.assemble((scenarios[0].title, "bold"), (f"  {title_summary(scenarios)}", "dim"), "\n")


def _families(
    scenario: Scenario, rows: Sequence[Row], tables: Lines, *, width: int, columns: Sequence[Column]
) -> Iterator[RenderableType]:
    """Yield the tables of the families, two side by side if there is room without shortening a name.

    Columns that have been chosen are divided among as many tables as the width requires.
    """
    shown = [part for table in _whole_families(scenario, rows, tables, columns=columns) for part in table.parts(width)]

    names = [name for table in shown for name in table.names]
    figures, longest = max(table.figures_width for table in shown), max(map(cell_len, names))
    step = 2 if width >= 2 * (longest + figures) + GAP else 1
    room = width if step == 1 else longest + figures
    names_in = shortened(names, max(MIN_NAME_WIDTH, room - figures))
    for first in range(0, len(shown), step):
        line = Table.grid(padding=(0, GAP, 0, 0))
        line.add_row(*(table.rendered(names_in, room) for table in shown[first : first + step]))
        yield line
        yield Text()


def _whole_families(
    scenario: Scenario, rows: Sequence[Row], tables: Lines, *, columns: Sequence[Column]
) -> list[FamilyTable]:
    return [
        FamilyTable(
            scenario,
            family,
            tables[cells.Group(scenario.name, family)],
            [row for row in rows if row.cell.family == family and not row.figures],
            columns,
        )
        for family in dict.fromkeys(row.cell.family for row in rows)
    ]
