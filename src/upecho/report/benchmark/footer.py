"""What stands below a comparison: what its marks mean, how noisy it was, where and how it was measured."""

import math
from collections.abc import Iterator, Sequence

from rich.text import Text

from upecho.measure.cells import BASELINE, Name
from upecho.measure.results import Results
from upecho.measure.statistics import plausibility
from upecho.measure.statistics.claims import FEWEST, Claims
from upecho.measure.statistics.costs import Group
from upecho.measure.statistics.summary import Row
from upecho.report.benchmark.lines import ALIKE, BOUND, TOO_FEW, UNKNOWN, Lines, shows_rate
from upecho.report.figures import percent
from upecho.report.layout import cut
from upecho.support.errors import NoPortLeft

FEW_ROUNDS = 8  # below which a correction for twenty comparisons leaves little of small differences
SHOWN = 4  # failed checks that are named; upecho check tells all about all of them

LONG, LONGEST = 40, 240  # characters of a reason: what may not fit into its line in a table, and what is told at all


def footer(results: Results, rows: Sequence[Row], claims: Claims, lines: Lines) -> Iterator[Text]:
    """Yield the lines in the order one needs them."""
    failed_checks = {(row.cell.target, row.cell.family): row.cell.failed_checks for row in rows}
    for (target, family), checks in failed_checks.items():
        if checks:
            more = f" and {len(checks) - SHOWN} more" if len(checks) > SHOWN else ""
            yield Text(f"{target} fails over {family}: {', '.join(checks[:SHOWN])}{more}", "red")
    long = dict.fromkeys((row.cell.name.label, row.reason) for row in rows if len(row.reason) > LONG)
    yield from (Text(f"{label} {cut(reason, LONGEST)}", "red") for label, reason in long)
    yield from map(Text, _marks(results, lines))
    yield from map(Text, _remarks(results, rows))
    yield from map(Text, _certainty(results, rows, claims))
    yield Text(_where(results), "dim")
    if results.trials:
        yield Text(_how(results), "dim")


def _remarks(results: Results, rows: Sequence[Row]) -> Iterator[str]:
    if any(row.cell.failed_checks for row in rows if row.numbers):
        yield "! fails conformance checks: its numbers may come from doing less"
    if not results.checked:
        yield "Conformance was not checked in this run."
    elif not any(row.cell.failed_checks for row in rows):
        yield "All passed every MUST check of how they serve over these families first."
    if any(plausibility.NO_PORT in row.reason for row in rows):
        yield f"{NoPortLeft()}."
    if any(row.cell.cold for row in rows if row.numbers):
        yield "cold: no connection of the server had ended before the load."


def _marks(results: Results, lines: Lines) -> Iterator[str]:
    """Yield what the columns and the marks in them mean, of those that there are."""
    shown = [line for table in lines.values() for line in table]
    if not shown:
        return
    base = f"{BASELINE}, the baseline" if any(line.row.cell.name.is_baseline for line in shown) else "the best"
    yield "CPU µs/req: what one request costs the server, all its processes and threads."
    rates = {scenario.name for scenario in results.scenarios if shows_rate(scenario)}
    if any(line.numbers.saturated for line in shown if line.row.cell.scenario in rates):
        yield f"{BOUND} the load engine was the bottleneck: the server can do at least that"
    yield f"ratio: cost compared with {base}, in pairs of one round; ± half of its 95 % interval."
    if any(line.reach == UNKNOWN for line in shown):
        yield TOO_FEW
    if any(line.mark for line in shown):
        few = "; few rounds detect large ones only" if results.rounds < FEW_ROUNDS else ""
        yield f"{ALIKE} no difference detected from the line above (p < 5 %, corrected for all comparisons: Holm){few}"


def _certainty(results: Results, rows: Sequence[Row], claims: Claims) -> Iterator[str]:
    """Yield what the figures can bear."""
    if not any(row.numbers for row in rows):
        return
    if claims.is_too_busy:
        yield f"The machine was too busy to conclude: {claims.disturbed:.0%} of the trials were disturbed."
    if results.rounds >= FEWEST:
        yield from _floors(results, claims)
    yield from _precision(results, rows, claims)
    if claims.disturbed and not claims.is_too_busy:
        yield f"{claims.disturbed:.0%} of the trials were disturbed by something else on the machine, and count."


def _compared(results: Results, claims: Claims) -> dict[Group, list[Name]]:
    """Return the cells by table, of the tables that have ratios."""
    curves = {scenario.name for scenario in results.scenarios if scenario.curve}
    return {group: names for group, names in claims.costs.groups().items() if group[0] not in curves}


def _floors(results: Results, claims: Claims) -> Iterator[str]:
    floors = {group: floor for group in _compared(results, claims) if (floor := claims.floor(group)) is not None}
    if floors:
        least, most = percent(min(floors.values())), percent(max(floors.values()))
        spread = least if least == most else f"{least} to {most}, by table"
        yield f"A/A: the same server measured twice differs from itself by up to {spread}; less is no difference."


def _precision(results: Results, rows: Sequence[Row], claims: Claims) -> Iterator[str]:
    """Yield what came of the precision that was wanted, if it was not reached, and what would help."""
    wanted, costs, compared = results.limits.precision, claims.costs, _compared(results, claims)
    alone = {group for group, names in compared.items() if _is_left_alone(names, rows)}
    missed = {group: share for group in compared.keys() - alone if (share := costs.precision(group)) > wanted}
    if wanted and missed:
        (scenario, family), worst = max(missed.items(), key=lambda item: item[1])
        known = "unknown" if worst == math.inf else f"± {percent(worst)}"
        last = [row for row in rows if row.cell.name.group in missed or not row.numbers]
        yield (
            f"Not all ratios are as precise as wanted (± {percent(wanted)}): at worst {known}, in {scenario} over "
            f"{family}. {_end(results, last, claims)}"
        )


def _is_left_alone(names: Sequence[Name], rows: Sequence[Row]) -> bool:
    """Whether of a table nothing has numbers but the baseline, which then is not measured any more."""
    others = [row for row in rows if row.cell.name.group == names[0].group and row.cell.name != names[0]]
    return len(names) == 1 and names[0].is_baseline and bool(others)


def _end(results: Results, rows: Sequence[Row], claims: Claims) -> str:
    """Say what ended a run before all was known that was wanted of these rows, and what would help."""
    limits = results.limits
    due = [row.cell.name for row in rows if not (row.failed or row.void or row.cell.unsupported)]
    if any(results.rounds not in claims.costs.logs(name) for name in due):
        return "The run was cut short."
    if results.rounds < limits.rounds:
        return f"The time was used up ({limits.budget_seconds:g} s): a greater --budget helps."
    return "All rounds were done: more --rounds, or longer ones (--seconds), help."


def _where(results: Results) -> str:
    here = results.environment
    loops = [f"{loop} {version}" for loop, version in here.loops.items()]
    return " · ".join([here.python, *servers_on(results), *loops, f"upecho {here.upecho}", here.system, here.cpu])


def servers_on(results: Results) -> list[str]:
    """Return what to say of the servers' interpreters; nothing where they are the harness's own."""
    return [f"servers on {', '.join(results.pythons.values())}"] if results.pythons else []


def _how(results: Results) -> str:
    cores = results.environment.cores
    engines = {trial.load.engine for trial in results.trials if trial.load} or {results.window.engine}
    engine = f"load engine {', '.join(sorted(engines))}"
    where = (
        f"{engine} on core {_list(cores.engine)}, servers on {_list(cores.servers)}"
        if cores.engine
        else f"{engine} and servers on the same cores: rates mean little, CPU time still does"
    )
    return f"{rounds_of(results)} in fresh server processes, interleaved; {where}"


def rounds_of(results: Results) -> str:
    """Say how many rounds there were, and how long their trials."""
    return f"{results.rounds} round{'s' if results.rounds != 1 else ''} of {results.window.seconds:g} s"


def _list(cores: Sequence[int]) -> str:
    return f"{cores[0]}-{cores[-1]}" if len(cores) > 1 else str(cores[0])
