"""What stands below a comparison: what its marks mean, how noisy it was, where and how it was measured."""

import statistics
from collections.abc import Iterator, Sequence

from rich.text import Text

from upecho.measure.results import Results
from upecho.measure.summary import Numbers, Row

SHOWN = 4  # failed checks that are named; upecho check tells all about all of them


def footer(results: Results, rows: Sequence[Row]) -> Iterator[Text]:
    """Yield the lines in the order one needs them."""
    failed_checks = {(row.cell.target, row.cell.family): row.cell.failed_checks for row in rows}
    for (target, family), checks in failed_checks.items():
        if checks:
            more = f" and {len(checks) - SHOWN} more" if len(checks) > SHOWN else ""
            yield Text(f"{target} fails over {family}: {', '.join(checks[:SHOWN])}{more}", "red")
    yield from map(Text, _remarks(results, rows))
    yield Text(_where(results), "dim")
    yield Text(_how(results), "dim")


def _remarks(results: Results, rows: Sequence[Row]) -> Iterator[str]:
    measured = [row.numbers for row in rows if row.numbers]
    if measured:
        yield "CPU µs/req: what one request costs the server, all its processes and threads; ratio: to the best."
    if any(numbers.saturated for numbers in measured):
        yield "≥ the load engine was the bottleneck: the server can do at least that"
    if any(row.cell.failed_checks for row in rows if row.numbers):
        yield "! fails conformance checks: its numbers may come from doing less"
    if not results.checked:
        yield "Conformance was not checked in this run."
    elif not any(row.cell.failed_checks for row in rows):
        yield "All passed every MUST check of how they serve over these families first."
    if measured:
        yield _noise(measured)


def _noise(measured: Sequence[Numbers]) -> str:
    spreads = [(numbers.cpu_ns or numbers.rate).relative for numbers in measured if numbers.blocks > 1]
    if not spreads:
        return "Noise unknown: one block per cell. More --rounds tell."
    usual, worst = statistics.median(spreads), max(spreads)
    return (
        f"Noise: blocks of one cell differ by {usual:.0%} (median), {worst:.0%} at most; read nothing into "
        "differences that small. On a shared machine figures swing from run to run: compare within one."
    )


def _where(results: Results) -> str:
    here = results.environment
    loops = [f"{loop} {version}" for loop, version in here.loops.items()]
    return " · ".join([here.python, *loops, f"upecho {here.upecho}", here.system, here.cpu])


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
