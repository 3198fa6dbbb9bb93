"""The report of a load from several machines."""

from collections.abc import Iterator, Sequence

from upecho.distributed.run import DistributedRun, Part
from upecho.load.plan import Failure, LoadResult, Plan
from upecho.measure.plan.scenarios import size_text
from upecho.report.figures import three_digits
from upecho.support.text import plural

HEAD = ("worker", "connections", "requests", "requests/s", "p50 µs", "p99 µs", "p99.9 µs", "max µs")
MIN_OVERLAP = 0.9  # of the shortest window; below this the sum of the rates is not a rate that the server has had


def lines(run: DistributedRun) -> Iterator[str]:
    """Yield the lines of the report."""
    yield f"{run.address}  {load_text(run.plan)}"
    yield ""
    rows = [HEAD, *map(_row_of_part, run.parts)]
    if run.load:
        rows.append(_row(f"all {_share(run)}", sum(part.plan.connections for part in run.present), run.load))
    yield from _table(rows)
    yield ""
    yield from _remarks(run)


def load_text(plan: Plan) -> str:
    """Return what a load consists of."""
    words = [plural(plan.connections, "connection"), f"{size_text(plan.message_size)} messages"]
    if plan.depth > 1:
        words.append(f"{plan.depth} in flight on each")
    if plan.churn:
        words.append("a new connection for each message")
    if plan.rate:
        words.append(f"{plan.rate:.10g} requests/s on a schedule")
    return ", ".join([*words, f"{plan.duration_seconds:.3g} s"])


def _share(run: DistributedRun) -> str:
    return f"{len(run.present)} of {plural(len(run.parts), 'worker')}"


def _row_of_part(part: Part) -> Sequence[str]:
    if part.load:
        return _row(part.hello.name, part.plan.connections, part.load)
    return (part.hello.name, str(part.plan.connections), "lost", *[""] * (len(HEAD) - 3))


def _row(name: str, connections: int, load: LoadResult) -> Sequence[str]:
    if load.errors or not load.requests:
        return (name, str(connections), f"{load.requests:,}".replace(",", " "), *[""] * (len(HEAD) - 3))
    latency = load.latency
    times = (latency.p50_ns, latency.p99_ns, latency.p999_ns, latency.max_ns)
    rate = three_digits(load.requests / load.elapsed_ns * 1e9)
    bound = "≥ " if load.saturated else ""
    counts = (str(connections), f"{load.requests:,}".replace(",", " "), bound + rate)
    return (name, *counts, *(three_digits(ns / 1000) for ns in times))


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows as text; the first column is aligned to the left, all others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *others in rows:
        cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        yield "  ".join([name.ljust(widths[0]), *cells]).rstrip()


def _remarks(run: DistributedRun) -> Iterator[str]:
    """Yield what has to be known about the figures."""
    for part in run.parts:
        if part.lost:
            yield f"worker {part.hello.name} is lost: {part.lost}"
    if run.load is None:
        yield "No worker has delivered a result."
        return
    if any(part.lost for part in run.parts):
        yield f"The figures are those of {_share(run)}; what the others have sent is in none of them."
    if run.load.errors:
        failures = ", ".join(Failure(kind).counted(count) for kind, count in run.load.errors.items())
        yield f"failures: {failures}"
        return
    yield from _about_rates(run, run.load)


def _about_rates(run: DistributedRun, load: LoadResult) -> Iterator[str]:
    yield "Every reply was compared byte for byte. Percentiles are those of all requests, from merged histograms."
    shortest = min((part.load.elapsed_ns for part in run.present if part.load), default=0)
    yield f"The windows of the workers overlap for at least {run.overlap_ns / 1e9:.2f} of {shortest / 1e9:.2f} s."
    if run.overlap_ns < MIN_OVERLAP * shortest:
        yield "That is too little for a rate of all workers; increase --seconds."
    if load.saturated:
        yield "≥ a load engine was the bottleneck: the server can handle at least this rate"
