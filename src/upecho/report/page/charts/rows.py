"""The rows of data that the charts of a page draw: plain dictionaries, in the units of the model."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from upecho.measure.plan.scenarios import Scenario
from upecho.measure.statistics.ratios import Ratio
from upecho.net.address import Family
from upecho.report.page import columns
from upecho.report.page.building import identities
from upecho.report.page.model.conformance import Conformance, Subject
from upecho.report.page.model.page import Measured, Page, Section, Server
from upecho.report.page.quantities import QUANTITIES

Row = dict[str, Any]

MEMORY = "memory-per-connection"  # the INFO check that records it
WITH_GIL, FREE_THREADED = "with the GIL", "free-threaded"  # builds of Python
DIGITS = 5  # significant digits; a chart shows three of them


def rows(page: Page) -> dict[str, list[Row]]:
    """Return the rows of all charts, keyed by the name of their data."""
    return {
        "servers": [row for section in page.sections for row in _servers(section)],
        "load": list(_load(page)),
        "sizes": list(_sizes(page)),
        "memory": list(_memory(page.conformance)) if page.conformance else [],
    }


def _servers(section: Section) -> Iterator[Row]:
    for table in section.tables:
        for one in table.measured:
            yield {
                "section": section.id,
                "group": one.group,
                "passes": not one.failed_checks,
                "p": [_beyond(percent) for percent, _ in one.percentiles],
                "us": [_rounded(value) for _, value in one.percentiles],
                **_identity(one.server, table.family),
                **_quantities(section.scenario, one),
                **_interval("cost", one.cost, one),
                **_interval("speed", one.speed, one),
                **_floor("cost", table.cost_floor),
                **_floor("speed", table.speed_floor),
            }


def _identity(server: Server, family: Family) -> Row:
    return {
        "server": server.label,
        "target": server.target,
        "model": server.model,
        "loop": server.loop,
        "framework": server.framework,
        "python": server.python,
        "version": identities.without_build(server.python),
        "build": FREE_THREADED if identities.is_free_threaded(server.python) else WITH_GIL,
        "cold": server.cold,
        "family": family,
        "kind": server.loop or server.framework or server.model,
    }


def _quantities(scenario: Scenario, one: Measured) -> Row:
    known = {quantity.key: quantity.of(one) for quantity in QUANTITIES if quantity.is_due(scenario)}
    return {key: _rounded(spread.median) for key, spread in known.items() if spread}


def _interval(name: str, ratio: Ratio, one: Measured) -> Row:
    """Return a ratio, and its interval unless that must not be shown."""
    row = {name: _rounded(ratio.ratio)}
    if one.has_interval:
        row |= {f"{name}_low": _rounded(ratio.low), f"{name}_high": _rounded(ratio.high)}
    return row


def _floor(name: str, floor: float | None) -> Row:
    """Return the band in which a ratio is no more than the difference of a server from itself."""
    if floor is None:
        return {}
    return {f"{name}_from": _rounded(1 / (1 + floor)), f"{name}_to": _rounded(1 + floor)}


def _beyond(percent: float) -> float:
    """Return how many requests there are for each one that is slower: the axis of HdrHistogram's plots."""
    return _rounded(100 / (100 - percent))


def _load(page: Page) -> Iterator[Row]:
    several = len({(curve.run, curve.name) for curve in page.load_curves}) > 1
    for curve in page.load_curves:
        which = f", {columns.curve(curve)}" if several else ""
        for point in curve.points:
            for name, value in (("p50", point.p50_us), ("p99", point.p99_us), ("p99.9", point.p999_us)):
                yield _identity(curve.server, curve.family) | {
                    "share": point.share,
                    "rate": _rounded(point.rate),
                    "facet": f"{curve.family}, {name}{which}",
                    "us": _rounded(value),
                }


def _sizes(page: Page) -> Iterator[Row]:
    for curve in page.size_curves:
        for size, cost in curve.points:
            yield _identity(curve.server, curve.family) | {
                "load": curve.load,
                "name": columns.owner(curve),
                "size": size,
                "cpu": _rounded(cost),
            }


def _memory(found: Conformance) -> Iterator[Row]:
    """Yield what the check of memory recorded, for each family the smallest value first."""
    values = [one for record in found.records if record.check == MEMORY for one in record.values]
    numbers = [(found.families.index(one.family), one.value, one) for one in values if one.value is not None]
    for _, value, one in sorted(numbers, key=lambda item: item[:2]):
        yield _subject(one.subject) | {"family": one.family, "kib": _rounded(value)}


def _subject(one: Subject) -> Row:
    return {"server": one.target} | asdict(one)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
