"""A latency curve is a table per family, with a line per server and percentile and a column per load."""

import dataclasses
import io

import pytest
from rich.console import Console, Group

from tests.made_up import load, requested
from upecho.load.latency import Latency
from upecho.measure.plan.scenarios import curve
from upecho.measure.statistics.summary import Figures, Row, Status
from upecho.report.benchmark.curves import tables

pytestmark = pytest.mark.once

POINTS = curve("open", 4, message_size=64, shares=(10, 90))


def row(target: str, scenario: str, *, factor: int = 1, family: str = "unix", reason: str = "") -> Row:
    """Return a cell whose requests took 1 to 1000 µs, times a factor."""
    latency = Latency.of(range(1000 * factor, 1_001_000 * factor, 1000 * factor))
    request = requested(target, family, scenario)
    if reason:
        return Row(request, Status.FAILED, reason=reason)
    return Row(request, Status.MEASURED, Figures.of([dataclasses.replace(load(1.0), latency=latency)]))


def shown(*rows: Row, width: int = 60) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=width, highlight=False).print(Group(*tables(POINTS, rows, width)))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_line_for_each_percentile_and_column_for_each_load() -> None:
    assert shown(row("a", "open-10"), row("a", "open-90", factor=5)) == [
        "over unix µs         10%      90%",
        "a         p50        500    2 500",
        "          p99        990    4 950",
        "          p99.9      999    5 000",
        "",
    ]


def test_median_over_trials_is_shown() -> None:
    loads = [dataclasses.replace(load(1.0), latency=Latency.of([us * 1000])) for us in (1, 100, 3)]
    line = shown(Row(requested("a", "unix", "open-10"), Status.MEASURED, Figures.of(loads)), row("a", "open-90"))[1]
    assert line.split() == ["a", "p50", "3.00", "500"]


def test_point_without_figures_is_a_dash() -> None:
    lines = shown(row("a", "open-10"), row("a", "open-90", reason="failed: 1 timed out"))
    assert [line.split()[-1] for line in lines[1:4]] == ["-", "-", "-"]
    assert "timed out" not in " ".join(lines)


def test_server_without_figures_has_a_reason_that_does_not_widen_the_table() -> None:
    reason = "failed: 1 reset, " + "x" * 200
    broken = [row("broken", point.name, reason=reason) for point in POINTS]
    lines = shown(*broken, row("asyncio-protocol+uvloop", "open-10"), row("asyncio-protocol+uvloop", "open-90"))
    assert lines[1].split() == ["asyncio-protocol+uvloop", "p50", "500", "500"]
    assert lines[4].startswith("broken                  failed: 1 reset, xxx")
    assert lines[4].endswith("…")
    assert max(map(len, lines)) <= 60
    assert lines[5:] == [""]


def test_each_family_has_a_table_without_other_scenarios() -> None:
    cells = [("unix", 1), ("inet", 7)]
    families = [row("a", point.name, family=family, factor=factor) for family, factor in cells for point in POINTS]
    lines = shown(*families, row("a", "throughput"), row("a", "throughput", family="inet6"))
    assert [line.split()[1:] for line in lines if line.startswith("a")] == [
        ["p50", "500", "500"],
        ["p50", "3", "500", "3", "500"],
    ]
    assert [line for line in lines if line.startswith("over")] == [
        "over unix µs         10%      90%",
        "over inet µs         10%      90%",
    ]


def test_server_that_fails_checks_is_marked() -> None:
    cells = [row("a", point.name) for point in POINTS]
    marked = [dataclasses.replace(one, request=dataclasses.replace(one.request, failed_checks=("x",))) for one in cells]
    assert shown(*marked)[1].startswith("a !       p50")


def test_long_name_is_shortened_in_the_middle_where_there_is_no_room() -> None:
    broken = [row("y" * 30 + "z", point.name, reason=f"failed: {point.name}") for point in POINTS]
    rows = [*(row("x" * 30 + "z", point.name) for point in POINTS), *broken]
    wide, narrow = shown(*rows), shown(*rows, width=48)
    assert wide[1].split() == ["x" * 30 + "z", "p50", "500", "500"]
    assert wide[4] == "y" * 30 + "z failed: open-10"
    assert narrow[1].split() == ["x" * 11 + "..." + "x" * 9 + "z", "p50", "500", "500"]
    assert narrow[4] == "y" * 11 + "..." + "y" * 9 + "z failed: open-10"
