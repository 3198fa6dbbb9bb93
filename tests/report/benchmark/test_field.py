"""The report of a run of many servers: how it is sorted, what it calls alike, and what it shows of long names."""

import dataclasses
import io
import itertools
import re

import pytest
from rich.console import Console

from tests.made_up import CHAT, run
from upecho.measure.plan.cells import BASELINE, Reference
from upecho.measure.results import Results
from upecho.measure.statistics.summary import Summary
from upecho.report.benchmark.comparison import comparison

pytestmark = pytest.mark.once

LOOPS = ("asyncio", "uvloop", "zuvloop", "aiofastnet", "aiofastnet-uvloop", "somebodys_package.loops:new_event_loop")
NAMES = [f"{server}+{loop}" for server in ("asyncio", "asyncio-protocol") for loop in LOOPS]
STEADY = [1.0, 1.002, 0.998, 1.0, 1.001, 0.999]


def times(factor: float, *, noise: float = 1.0) -> list[float]:
    """Return costs that differ from round to round by a fraction of a percent, times the noise."""
    return [factor * (1 + noise * (cost - 1)) for cost in STEADY]


def shown(results: Results, width: int = 80) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=width, highlight=False).print(comparison(Summary.of(results), width))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def table(lines: list[str]) -> list[str]:
    """Return the lines of the first table, without its heading."""
    first = next(number for number, line in enumerate(lines) if line.startswith("over "))
    return list(itertools.takewhile(bool, lines[first + 1 :]))


def of_many() -> Results:
    """Return a run of many servers with long names, the last of which has no figures."""
    costs = {name: times(2.0 + number) for number, name in enumerate(NAMES)}
    return run({BASELINE: times(1.0), **costs, "asyncio-sock+aiofastnet-uvloop": "1 reset"})


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_names_are_shortened_only_where_there_is_no_room(width: int) -> None:
    lines = table(shown(of_many(), width))
    names = [line.split()[0] for line in lines]
    assert len(set(names)) == len(NAMES) + 2
    assert max(map(len, lines)) <= width
    assert lines[-1].startswith("asyncio-sock+aiofastnet-uvloop ")
    assert lines[-1].endswith("failed: 1 reset")
    is_short = [("..." in name) for name in names]
    assert not any(is_short) if width >= 100 else is_short == [len(name) > 40 for name in [BASELINE, *NAMES, ""]]


@pytest.mark.parametrize(("width", "tables"), [(200, 1), (140, 2)])
def test_tables_stand_side_by_side_only_if_all_names_are_whole(width: int, tables: int) -> None:
    name = "asyncio-protocol+somebodys_package.loops:new"
    lines = shown(run({BASELINE: times(1.0), name: times(2.0)}, families=("inet", "unix")), width)
    assert sum(line.startswith("over ") for line in lines) == tables
    assert sum(line.count(name) for line in lines) == 2


def test_figures_of_a_wide_table_leave_less_room_for_names() -> None:
    narrow, wide = of_many(), of_many()
    latency = dataclasses.replace(CHAT, idle=1000)
    wide = dataclasses.replace(wide, scenarios=(latency,))
    longest = [max(len(line.split()[0]) for line in table(shown(one, 70))) for one in (narrow, wide)]
    assert longest[0] > longest[1]
    for one in (narrow, wide):
        assert max(len(line) for line in table(shown(one, 70))) == 70


def test_rows_are_sorted_by_their_ratio_and_those_without_figures_follow() -> None:
    """The medians of the costs have another order, because a server was slow in some rounds."""
    costs: dict[str, list[float] | str] = {BASELINE: [1.0] * 7, "broken": "1 reset"}
    costs |= {"first": [2.0] * 4 + [9.0] * 3, "second": [2.1] * 4 + [7.0] * 3}
    rows = [line.split()[0] for line in table(shown(run(costs)))]
    assert rows == [BASELINE, "second", "first", "broken"]


def test_ratios_are_relative_to_the_reference() -> None:
    costs = {BASELINE: times(1.0), "a": times(2.0), "b": times(3.0)}
    results = run(costs, reference=Reference("b"))
    assert [re.findall(r" \d\.\d\d\b", line)[-1] for line in table(shown(results))] == [" 0.33", " 0.67", " 1.00"]
    assert "ratio: cost relative to b, paired by round; tables are sorted by it" in " ".join(shown(results))


def marked(costs: dict[str, list[float]], reference: str = BASELINE) -> dict[str, bool]:
    """Return the servers of the table in their order, and whether each has the mark."""
    return {line.split()[0]: "≈" in line for line in table(shown(run(costs, reference=Reference(reference))))}


def test_group_is_compared_with_its_first_row() -> None:
    """Each of three rows is like the one above, but the last differs from the first, and so begins a group."""
    costs = {
        "a": times(1.0),
        "b": times(1.004, noise=-1),
        "c": times(1.008),
        "d": times(1.012, noise=-1),
        "e": times(2.0),
    }
    assert marked(costs) == {"a": False, "b": True, "c": False, "d": True, "e": False}


def test_groups_do_not_depend_on_the_reference() -> None:
    costs = {"a": times(1.0), "b": times(1.001, noise=-1), "c": times(3.0), BASELINE: [0.5, 0.7, 0.9, 0.5, 0.7, 0.9]}
    found = [marked(costs, name) for name in ("a", "c", BASELINE)]
    assert all(one == {BASELINE: False, "a": False, "b": True, "c": False} for one in found)


def test_caption_says_what_a_group_is() -> None:
    text = " ".join(shown(run({"a": times(1.0), "b": times(1.001, noise=-1)})))
    assert "≈ cannot be told apart from the best of its group, which is the nearest row above without ≈" in text
    assert "≈" not in " ".join(shown(run({"a": times(1.0), "b": times(2.0)})))


def test_reference_that_lacks_figures_is_named_with_its_substitute() -> None:
    costs = {BASELINE: times(1.0), "a": times(2.0)}
    text = " ".join(shown(run(costs, reference=Reference("b", "3.14.0"))))
    assert "ratio: cost relative to b 3.14.0, paired" in text
    assert "b 3.14.0 has no figures over unix: ratios there are relative to native, the baseline" in text
    without = " ".join(shown(run({"a": times(2.0)}, reference=Reference("b"))))
    assert "b has no figures over unix: ratios there are relative to the cheapest server" in without
    assert "has no figures" not in " ".join(shown(run(costs, reference=Reference("a"))))


def test_baseline_that_lacks_figures_in_one_table_only_is_reported() -> None:
    results = run({BASELINE: times(1.0), "a": times(2.0)}, families=("inet", "unix"))
    trials = [one for one in results.trials if (one.cell.target, one.cell.family) != (BASELINE, "inet")]
    text = " ".join(shown(dataclasses.replace(results, trials=tuple(trials))))
    assert "native has no figures over inet: ratios there are relative to the cheapest server" in text


def test_server_that_beats_the_baseline_has_a_remark_under_its_table() -> None:
    costs = {BASELINE: times(2.0), "cheap": times(1.0), "costly": times(3.0)}
    lines = shown(run(costs, families=("inet", "unix")), 300)
    remark = "In chat over unix, the cost of cheap (0.50 ± 0.0%) is lower than that of native, the baseline: native is "
    (number,) = (number for number, line in enumerate(lines) if line.startswith(remark))
    assert lines[number - 1].startswith("In chat over inet, the cost of cheap (0.50 ± 0.0%) is lower than")
    assert number < next(number for number, line in enumerate(lines) if line.startswith("CPU µs/req: "))
    assert "is lower than" not in " ".join(shown(run({BASELINE: times(1.0), "cheap": times(1.5)})))


def test_footer_names_the_version_of_each_package() -> None:
    same = {"": {"uvloop": "0.23.0", "trio": "0.35.0"}}
    assert "packages: trio 0.35.0, uvloop 0.23.0" in shown(run({"a": times(1.0)}, packages=same))
    different = {"3.13.0": {"uvloop": "0.22.0", "trio": "1"}, "3.14.0": {"uvloop": "0.23.0", "trio": "1"}}
    line = "packages: trio 1, uvloop 0.22.0 (on 3.13.0), uvloop 0.23.0 (on 3.14.0)"
    assert line in shown(run({"a": times(1.0)}, packages=different))
    assert "packages" not in " ".join(shown(run({"a": times(1.0)})))
