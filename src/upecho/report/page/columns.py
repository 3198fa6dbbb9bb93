"""The columns of tables of figures, as text: the same in every format."""

from collections.abc import Iterator

from upecho.conformance.run.verdicts.changes import BASE, NEW
from upecho.measure.statistics.causes import CAUSES, DIVIDED
from upecho.measure.statistics.ratios import Ratio
from upecho.measure.statistics.summary import Spread
from upecho.report.benchmark.columns import COLUMNS, number
from upecho.report.benchmark.lines import BOUND, UNKNOWN
from upecho.report.conformance.recorded import written
from upecho.report.figures import interval_text, percent, three_digits
from upecho.report.page.building.across import Across
from upecho.report.page.model.changes import CostChange, CostTable, ScenarioChanges
from upecho.report.page.model.conformance import Record, RecordedValue
from upecho.report.page.model.page import Claim, Comparison, LoadCurve, LoadPoint, Measured, Section, SizeCurve, Table
from upecho.report.page.model.published import Nearest, PublishedClaim
from upecho.report.page.quantities import shown

NONE = "-"
LOAD = ("load", "requests/s", "p50 µs", "p99 µs", "p99.9 µs")
SIZES = ("message size, bytes", "CPU µs/request")
PUBLISHED = (
    "A to B",
    "published",
    "conditions of the claim",
    "requests/s measured here",
    "CPU time measured here",
    "conditions here",
    "comparable?",
)
CHANGES = ("server", f"{BASE} µs/request", f"{NEW} µs/request", "ratio [95% interval]", "conclusion")
COMPARISONS = ("server", "where", "cost of", "relative to", "ratio [95% interval]", "conclusion")


def ratio_text(ratio: Ratio, *, has_interval: bool) -> str:
    """Return a ratio with its interval, or with a question mark if there is none."""
    return interval_text(ratio) if has_interval else f"{ratio.ratio:.2f} {UNKNOWN}"


def in_run(run: str, name: str) -> str:
    """Return a name after that of its run; the name alone if the page has one run only."""
    return f"{run}, {name}" if run else name


def subject(claim: Claim) -> str:
    """Return what a statement is about, with the run if there are several."""
    return in_run(claim.run, claim.subject)


def title(section: Section) -> str:
    """Return the name of a scenario, with the run if there are several."""
    return in_run(section.run, section.scenario.name)


def caption(table: Table) -> str:
    """Return the family of a table, what its ratios are relative to, and A/A."""
    reference = f"relative to {table.reference}" if table.reference else "no server has figures"
    floor = "" if table.cost_floor is None else f"; A/A {percent(table.cost_floor)}"
    return f"over {table.family}, {reference}{floor}"


def ratios(one: Measured) -> Iterator[str]:
    """Yield the relative cost and the relative speed of a server."""
    for ratio in (one.cost, one.speed):
        yield "1" if one.is_reference else ratio_text(ratio, has_interval=one.has_interval)


def heads(section: Section) -> list[str]:
    """Return the titles of the columns after that of the server, the most important first."""
    return ["cost [95% interval]", "requests/s, relative", *(one.title for one in shown(section)), "trials"]


def figures(section: Section, one: Measured) -> Iterator[str]:
    """Yield the text of each of these columns."""
    yield from ratios(one)
    for quantity in shown(section):
        yield (f"{BOUND} " if quantity.is_bound(one) else "") + _spread(quantity.of(one))
    yield str(one.trials)


def known_causes(section: Section) -> list[str]:
    """Return the causes of costs to show, by name; none of a run that tells only how CPU time is divided."""
    known = {name for table in section.tables for one in table.measured for name in one.causes}
    return [name for name in CAUSES if name in known] if known - DIVIDED else []


def causes_caption(table: Table) -> str:
    """Return what a table of causes is about."""
    return f"causes of the cost of a request over {table.family}"


def causes_heads(section: Section) -> list[str]:
    """Return the titles of the columns of a table of causes, after that of the server."""
    return [COLUMNS[name].title for name in known_causes(section)]


def causes(section: Section, one: Measured) -> Iterator[str]:
    """Yield the text of each of these columns."""
    for name in known_causes(section):
        yield number(one.causes[name].median) if name in one.causes else NONE


def across_pythons(one: Across) -> Iterator[list[str]]:
    """Yield the cost of each implementation on each Python, after its name."""
    for target, measured in one.servers.items():
        yield [target, *(next(ratios(here)) if here else NONE for here in measured)]


def load_figures(point: LoadPoint) -> Iterator[str]:
    """Yield the text of each column of a table of latency over load."""
    yield percent(point.share)
    yield from map(three_digits, (point.rate, point.p50_us, point.p99_us, point.p999_us))


def comparison(one: Comparison) -> list[str]:
    """Return the text of each column of the table of comparisons."""
    ratio = ratio_text(one.ratio, has_interval=one.has_interval)
    return [one.server.label, in_run(one.run, one.where), one.what, one.base, ratio, one.conclusion]


def curve(one: LoadCurve) -> str:
    """Return the name of a curve of latency over load, with the run if there are several."""
    return in_run(one.run, one.name)


def owner(curve: LoadCurve | SizeCurve) -> str:
    """Return the server of a curve, with the run if there are several."""
    return in_run(curve.run, curve.server.label)


def of_changes(one: ScenarioChanges, table: CostTable) -> str:
    """Return what a table of changed costs is about."""
    floor = "" if table.floor is None else f"; A/A {percent(table.floor)}"
    return f"{one.scenario.name} over {table.family}{floor}"


def change(one: CostChange) -> list[str]:
    """Return the text of each column of a table of changed costs."""
    ratio = str(one.ratio) if one.has_interval else f"{one.ratio.ratio:.3f} {UNKNOWN}"
    return [one.label, three_digits(one.base_us), three_digits(one.new_us), ratio, one.conclusion]


def published(claim: PublishedClaim) -> list[str]:
    """Return the text of each column of the table of published claims."""
    here = claim.nearest
    measured = [published_rate(here), published_cpu(here), here.summary] if here else [claim.missing, NONE, NONE]
    return [claim.claim, claim.published, claim.conditions, *measured, claim.comparable]


def published_rate(here: Nearest) -> str:
    """Return the measured ratio of the requests per second, and what restricts it."""
    return "; ".join(filter(None, (ratio_text(here.rate, has_interval=here.has_interval), here.note)))


def published_cpu(here: Nearest) -> str:
    """Return the measured ratio of the CPU times."""
    return ratio_text(here.cpu, has_interval=here.has_interval) if here.cpu else NONE


def published_facts(claim: PublishedClaim) -> Iterator[tuple[str, str]]:
    """Yield everything that is known about a published claim and its measurement, by name."""
    yield "published", f"{claim.published} ({claim.figures})"
    if here := claim.nearest:
        yield "measured here", f"requests/s {published_rate(here)}; CPU time {published_cpu(here)}"
        yield from ((f"{name} here", text) for name, text in here.conditions.items())
    else:
        yield "measured here", claim.missing
    yield "comparable?", f"{claim.comparable}: {claim.remark}"


def record_title(record: Record) -> str:
    """Return the check of a record, with the unit of its numbers."""
    return f"{record.check}, {record.unit}" if record.unit else record.check


def observed(value: RecordedValue | None) -> str:
    """Return what an INFO check observed."""
    if value is None:
        return NONE
    return value.text if value.value is None else written(value.value)


def _spread(spread: Spread | None) -> str:
    return three_digits(spread.median) if spread else NONE
