"""What stands below a comparison: what its marks mean, how noisy it was, where and how it was measured."""

import math
from collections.abc import Iterator, Sequence

from rich.text import Text

from upecho.errors import NoPortLeft
from upecho.measure import plausibility
from upecho.measure.cells import CEILING
from upecho.measure.claims import FEWEST, Claims
from upecho.measure.results import Results
from upecho.measure.summary import Row
from upecho.report.figures import percent

SHOWN = 4  # failed checks that are named; upecho check tells all about all of them


def footer(results: Results, rows: Sequence[Row], claims: Claims) -> Iterator[Text]:
    """Yield the lines in the order one needs them."""
    failed_checks = {(row.cell.target, row.cell.family): row.cell.failed_checks for row in rows}
    for (target, family), checks in failed_checks.items():
        if checks:
            more = f" and {len(checks) - SHOWN} more" if len(checks) > SHOWN else ""
            yield Text(f"{target} fails over {family}: {', '.join(checks[:SHOWN])}{more}", "red")
    yield from map(Text, _remarks(results, rows))
    yield from map(Text, _certainty(results, rows, claims))
    yield Text(_where(results), "dim")
    yield Text(_how(results), "dim")


def _remarks(results: Results, rows: Sequence[Row]) -> Iterator[str]:
    measured = [row.numbers for row in rows if row.numbers]
    if measured:
        yield "CPU µs/req: what one request costs the server, all its processes and threads."
    if any(numbers.saturated for numbers in measured):
        yield "≥ the load engine was the bottleneck: the server can do at least that"
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


def _certainty(results: Results, rows: Sequence[Row], claims: Claims) -> Iterator[str]:
    """Yield what the figures can bear."""
    if not any(row.numbers for row in rows):
        return
    base = f"{CEILING}, the ceiling" if any(row.numbers and row.cell.name.is_ceiling for row in rows) else "the best"
    yield f"ratio: cost compared with {base}, in pairs of one round; ± half of its 95 % interval."
    rounds = max(block.round for block in results.blocks)
    if rounds < FEWEST:
        are = "s are" if rounds > 1 else " is"
        yield f"{rounds} round{are} too few to call anything a difference; {FEWEST} might do."
        return
    if claims.is_too_busy:
        yield f"The machine was too busy to conclude: {claims.disturbed:.0%} of the blocks were disturbed."
    else:
        yield "≈ no difference detected from the line above (p < 5 %, corrected for all comparisons: Holm)"
    yield from _floors(claims)
    yield from _precision(results, claims)
    if claims.disturbed and not claims.is_too_busy:
        yield f"{claims.disturbed:.0%} of the blocks were disturbed by something else on the machine, and count."


def _floors(claims: Claims) -> Iterator[str]:
    floors = {group: floor for group in claims.costs.groups() if (floor := claims.floor(group)) is not None}
    if floors:
        least, most = percent(min(floors.values())), percent(max(floors.values()))
        spread = least if least == most else f"{least} to {most}, by table"
        yield f"A/A: the same server measured twice differs from itself by up to {spread}; less is no difference."


def _precision(results: Results, claims: Claims) -> Iterator[str]:
    wanted = results.limits.precision
    reached = {group: claims.costs.precision(group) for group in claims.costs.groups()}
    missed = {group: share for group, share in reached.items() if share > wanted}
    if wanted and missed:
        (scenario, family), worst = max(missed.items(), key=lambda item: item[1])
        known = "unknown" if worst == math.inf else f"± {percent(worst)}"
        yield (
            f"Not all ratios are as precise as wanted (± {percent(wanted)}): at worst {known}, in {scenario} over "
            f"{family}. A greater --budget or more --rounds help."
        )


def _where(results: Results) -> str:
    here = results.environment
    loops = [f"{loop} {version}" for loop, version in here.loops.items()]
    return " · ".join([here.python, *servers_on(results), *loops, f"upecho {here.upecho}", here.system, here.cpu])


def servers_on(results: Results) -> list[str]:
    """Return what to say of the servers' interpreters; nothing where they are the harness's own."""
    return [f"servers on {', '.join(results.pythons.values())}"] if results.pythons else []


def _how(results: Results) -> str:
    cores = results.environment.cores
    engines = {block.load.engine for block in results.blocks if block.load}
    engine = f"load engine {', '.join(sorted(engines))}"
    where = (
        f"{engine} on core {_list(cores.engine)}, servers on {_list(cores.servers)}"
        if cores.engine
        else f"{engine} and servers on the same cores: rates mean little, CPU time still does"
    )
    rounds = max((block.round for block in results.blocks), default=0)
    many = f"{rounds} round{'s' if rounds != 1 else ''} of {results.window.seconds:g} s"
    return f"{many} in fresh server processes, interleaved; {where}"


def _list(cores: Sequence[int]) -> str:
    return f"{cores[0]}-{cores[-1]}" if len(cores) > 1 else str(cores[0])
