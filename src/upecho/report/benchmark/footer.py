"""The footer of a run's report: what the marks mean, how certain the figures are, where and how they were measured."""

import math
import re
from collections.abc import Iterator, Sequence

from rich.text import Text

from upecho.measure.cores import named, ranges
from upecho.measure.plan.cells import Cell, Group
from upecho.measure.results import Results
from upecho.measure.statistics.claims import MIN_ROUNDS, Claims
from upecho.measure.statistics.plausibility import VoidReason
from upecho.measure.statistics.summary import Row, Status, Summary
from upecho.net.address import Family
from upecho.report.benchmark import ladders, observation
from upecho.report.benchmark.answers import explanation
from upecho.report.benchmark.columns import RATE, Column, meanings
from upecho.report.benchmark.lines import (
    ALIKE,
    BOUND,
    PRECISION,
    TOO_BUSY,
    TOO_FEW,
    UNKNOWN,
    UNSTEADY,
    Line,
    Lines,
    shows_rate,
)
from upecho.report.benchmark.references import reference_name
from upecho.report.figures import percent
from upecho.report.layout import cut
from upecho.support.errors import NoPortLeft
from upecho.support.text import plural

FEW_ROUNDS = 8  # with fewer, the correction for twenty comparisons hides small differences
NUMBER = re.compile(r"\d+")
MAX_CHECKS = 4  # ids of failed checks in a line; upecho check reports all of them
LINE_LENGTH, MAX_LENGTH = 40, 240  # characters of a reason: what fits into its table, and what is shown at all


def footer(summary: Summary, tables: Lines, columns: Sequence[Column] = ()) -> Iterator[Text]:
    """Yield the lines of the footer, the most important first.

    Args:
        summary: The run.
        tables: Lines of the tables above.
        columns: Columns that have been chosen; empty for those of each scenario.
    """
    yield from (Text(line, "red") for line in (*_failures(summary.rows), *quota_lines(summary.claims)))
    yield from map(Text, _marks(summary, tables, columns))
    yield from map(Text, _remarks(summary))
    if not summary.results.complete:
        yield Text("The run was interrupted. The trials that were finished count.", "yellow")
    yield from map(Text, _certainty(summary))
    yield Text(_where(summary.results), "dim")
    if packages := packages_of(summary.results):
        yield Text(f"packages: {', '.join(packages)}", "dim")
    if summary.results.trials:
        yield Text(_how(summary.results), "dim")


def _failures(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the failed checks of each target, and the reasons that are too long for a table."""
    failing: dict[tuple[str, tuple[str, ...]], dict[Family, None]] = {}
    for row in rows:
        if row.request.failed_checks:
            failing.setdefault((row.cell.target, row.request.failed_checks), {})[row.cell.family] = None
    for (target, checks), families in failing.items():
        more = f" and {len(checks) - MAX_CHECKS} more" if len(checks) > MAX_CHECKS else ""
        yield f"{target} fails over {', '.join(families)}: {', '.join(checks[:MAX_CHECKS])}{more}"
    if failing:
        yield "The first failed check ends the checks of a server; upecho check runs all of them."
    yield from _long_reasons(rows)


def _long_reasons(rows: Sequence[Row]) -> Iterator[str]:
    """Yield each reason that is too long for a table; those that differ only in numbers, such as ports, are one."""
    shown = set()
    for row in rows:
        same = (row.cell.label, NUMBER.sub("#", row.reason))
        if len(row.reason) > LINE_LENGTH and same not in shown:
            shown.add(same)
            yield f"{row.cell.label} {cut(row.reason, MAX_LENGTH)}"


def quota_lines(claims: Claims, what: str = "the trials") -> Iterator[str]:
    """Yield a line if a CPU quota stopped the engine or the servers, because it distorts figures more than other work.

    Args:
        claims: The conclusions that the trials support.
        what: The trials, in words.
    """
    if claims.throttled:
        consequence = "nothing can be concluded from the figures" if claims.is_too_busy else "they count"
        yield (
            f"A CPU quota stopped the load engine or the server in {claims.throttled:.0%} of {what}: {consequence}. "
            "Raise the quota of this container or control group (cpu.max)."
        )


def _remarks(summary: Summary) -> Iterator[str]:
    rows = summary.rows
    if any(row.request.failed_checks for row in rows if row.figures):
        yield "! fails conformance checks: its figures may come from doing less work"
    if not summary.results.checked:
        yield "Conformance was not checked in this run."
    elif any(row.figures for row in rows) and not any(row.request.failed_checks for row in rows):
        left_out = "those that take long and those" if summary.results.quickly_checked else "those"
        yield (
            f"Before the run, all servers passed the MUST checks (except {left_out} of start and stop) over these "
            "families."
        )
    yield from observation.remarks(summary)
    measured = {row.cell for row in rows if row.figures}
    if voids := sum(bool(trial.void) for trial in summary.results.trials if trial.cell in measured):
        yield (
            f"{plural(voids, 'trial')} left out: the machine kept the load engine from its processor, so fewer "
            "requests were in flight than the load is meant to have."
        )
    if any(row.void and row.void.reason is VoidReason.NO_PORT for row in rows):
        yield f"{NoPortLeft()}."
    if any(row.cell.cold for row in rows if row.figures):
        yield "cold: measured before any connection of the server had ended"


def _marks(summary: Summary, tables: Lines, columns: Sequence[Column]) -> Iterator[str]:
    """Yield the meaning of the columns and marks that the tables contain."""
    results, of_ladders = summary.results, list(ladders.marks(summary))
    steps = {scenario.name for scenario in results.scenarios if scenario.ladder}
    shown = [line for group, table in tables.items() for line in table if group.scenario not in steps]
    if columns:
        yield from meanings(summary, columns)
    elif any(line.figures.cpu_ns for table in tables.values() for line in table):
        yield "CPU µs/req: CPU time per request of all processes and threads of the server"
    yield from of_ladders
    if shown and results.counting:
        yield from _counts(shown)
    if shown:
        yield from _ratio_marks(summary, shown, with_rates=not columns or RATE in columns)
    if shown or of_ladders:
        yield PRECISION
        if any(line.precision == UNKNOWN for table in tables.values() for line in table):
            yield TOO_BUSY if summary.claims.is_too_busy else TOO_FEW
    if any(line.mark for line in shown):
        few = "; few rounds reveal only large differences" if results.rounds < FEW_ROUNDS else ""
        yield (
            f"{ALIKE} cannot be told apart from the best of its group, which is the nearest row above without {ALIKE}: "
            f"their pairs show no difference (p < 5%, corrected for all comparisons: Holm){few}"
        )


def _ratio_marks(summary: Summary, shown: Sequence[Line], *, with_rates: bool) -> Iterator[str]:
    """Yield what rates and ratios of tables mean."""
    rates = {scenario.name for scenario in summary.results.scenarios if shows_rate(scenario)}
    if with_rates and any(line.figures.saturated for line in shown if line.row.cell.scenario in rates):
        yield f"{BOUND} the load engine was the bottleneck: the server can handle at least this rate"
    is_known = summary.results.counting or any(line.figures.cpu_ns for line in shown)
    cost = "cost" if is_known else "elapsed time per request"
    yield f"ratio: {cost} relative to {reference_name(summary)}, paired by round; tables are sorted by it"


def _counts(shown: Sequence[Line]) -> Iterator[str]:
    """Yield the meaning of the columns of a run that counts instructions."""
    yield "instructions: executed per request by all processes and threads of the server, in user mode; the median"
    yield "layouts: range of a server's counts over the rounds; each round has another memory layout for all servers"
    yield "repeated: difference between two servers with the same layout"
    if any(line.figures.is_unsteady for line in shown):
        yield f"{UNSTEADY} not deterministic, because of threads, timers or hashing: rely on intervals, not on counts"
    yield "Not counted: the kernel, waiting for locks, cache misses."


def _certainty(summary: Summary) -> Iterator[str]:
    """Yield how certain the figures are."""
    claims = summary.claims
    if not any(row.figures for row in summary.rows):
        return
    if summary.results.ab_test:
        yield from explanation(summary)
        return
    if claims.is_too_busy:
        yield f"The machine was too busy to draw conclusions: {claims.disturbed:.0%} of the trials were disturbed."
    if summary.results.rounds >= MIN_ROUNDS:
        yield from _floors(summary)
    if not claims.is_too_busy:
        yield from _missed_precision(summary)
    if claims.disturbed and not claims.is_too_busy:
        yield f"{claims.disturbed:.0%} of the trials were disturbed by other work on the machine; they count."


def _groups_with_ratios(summary: Summary) -> dict[Group, list[Cell]]:
    """Return the measured cells of each table that has ratios."""
    curves = {scenario.name for scenario in summary.results.scenarios if scenario.curve}
    return {group: cells for group, cells in summary.claims.costs.groups().items() if group.scenario not in curves}


def _floors(summary: Summary) -> Iterator[str]:
    floors = [floor for group in _groups_with_ratios(summary) if (floor := summary.claims.floor(group)) is not None]
    if floors:
        yield (
            f"A/A: the same server measured twice differs from itself by up to {range_of(floors)}; a smaller "
            "difference is not claimed"
        )


def range_of(shares: Sequence[float]) -> str:
    """Return the range of a share that differs from table to table, in percent."""
    low, high = percent(min(shares)), percent(max(shares))
    return low if low == high else f"{low} to {high}, depending on the table"


def _missed_precision(summary: Summary) -> Iterator[str]:
    """Yield which requested precision was not reached, and what would help."""
    wanted, costs = summary.results.limits.precision, summary.claims.costs
    groups = _groups_with_ratios(summary)
    relevant = [group for group, cells in groups.items() if not _is_baseline_alone(cells, summary.rows)]
    missed = {group: share for group in relevant if (share := costs.precision(group)) > wanted}
    if wanted and missed:
        group, worst = max(missed.items(), key=lambda item: item[1])
        reached = "unknown" if worst == math.inf else f"± {percent(worst)}"
        rows = [row for row in summary.rows if row.cell.group in missed or not row.figures]
        precision = f"Not all ratios are as precise as requested (± {percent(wanted)}); the least precise is {reached}"
        yield " ".join(filter(None, (f"{precision}, in {group}.", _why_it_ended(summary, rows))))


def _is_baseline_alone(cells: Sequence[Cell], rows: Sequence[Row]) -> bool:
    """Whether only the baseline of a table has figures, in which case it is not measured any further."""
    others = [row for row in rows if row.cell.group == cells[0].group and row.cell != cells[0]]
    return len(cells) == 1 and cells[0].is_baseline and bool(others)


def _why_it_ended(summary: Summary, rows: Sequence[Row]) -> str:
    """Return why a run ended before these rows were known precisely enough, and what would help.

    The footer of an interrupted run says so itself.
    """
    results, limits = summary.results, summary.results.limits
    due = [row.cell for row in rows if row.status in (Status.MEASURED, Status.NOT_MEASURED)]
    if not results.complete:
        return ""
    if any(results.rounds not in summary.claims.costs.logs(cell) for cell in due):
        return "The run was interrupted."
    more = "--rounds" if results.counting else "--rounds or --seconds"
    if results.rounds < limits.rounds:
        return f"The time was used up ({limits.budget_seconds:g} s); increase --budget."
    return f"All rounds were measured; increase {more}."


def _where(results: Results) -> str:
    here = results.environment
    return " · ".join([here.python, *servers_on(results), f"upecho {here.upecho}", here.system, here.cpu])


def packages_of(results: Results) -> list[str]:
    """Return the packages that provided servers, loops and frameworks, with the Pythons if their versions differ."""
    found: dict[str, dict[str, list[str]]] = {}
    for python, packages in results.packages.items():
        for package, version in packages.items():
            found.setdefault(package, {}).setdefault(version, []).append(python)
    return [
        f"{package} {version}" + (f" (on {', '.join(pythons)})" if len(versions) > 1 else "")
        for package, versions in sorted(found.items())
        for version, pythons in versions.items()
    ]


def servers_on(results: Results) -> list[str]:
    """Return the interpreters that ran the servers; nothing if it was the one that runs upecho."""
    return [f"servers on {', '.join(map(results.python, results.pythons))}"] if results.pythons else []


def _how(results: Results) -> str:
    """Return how a run was made."""
    if results.counting:
        how = f"counted by {results.counting.counter} ({results.counting.tool})"
        return f"{rounds_of(results)} to fresh server processes, {how}"
    cores = results.environment.cores
    engines = {trial.load.engine for trial in results.trials if trial.load} or {results.window.engine}
    engine = f"load engine {', '.join(sorted(engines))}"
    where = (
        f"{engine} on {named(cores.engine)}, servers on {ranges(cores.servers)}"
        if cores.engine
        else f"{engine} and servers on the same cores: rates mean little"
        + (", but CPU time remains meaningful" if observation.knows_use(results) else "")
    )
    return f"{rounds_of(results)} {observation.freshness(results)}, interleaved; {where}"


def rounds_of(results: Results) -> str:
    """Return the number of rounds and the length of their trials."""
    if results.counting:
        requests = " and ".join(map(str, results.counting.requests))
        return f"{plural(results.rounds, 'round')} of {requests} requests"
    return f"{plural(results.rounds, 'round')} of {results.window.seconds:g} s"
