"""A size ladder is one table: a line per server and family, a column per size, and an answer for each server."""

import dataclasses
import io

import pytest
from rich.console import Console, Group

from tests.made_up import cell, failed, requested
from tests.measure.statistics.test_crossings import LADDER, of_ladder
from upecho.measure.results import Results
from upecho.measure.statistics.summary import Summary
from upecho.measure.trials import Trial
from upecho.report.benchmark.comparison import comparison
from upecho.report.benchmark.ladders import ladder

pytestmark = pytest.mark.once

UP_TO_1_KIB = {"inet": (10, 12, 20), "unix": (8, 11, 25)}
ALWAYS = {"inet": (20, 24, 40), "unix": (8, 11, 25)}
NEVER = {"inet": (5, 6, 7), "unix": (8, 11, 25)}


def merged(*runs: Results) -> Results:
    """Return one run with the servers of several."""
    return dataclasses.replace(
        runs[0],
        requested=tuple(one for run in runs for one in run.requested),
        trials=tuple(one for run in runs for one in run.trials),
    )


def printed(results: Results, width: int = 80) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=width, highlight=False).print(Group(*ladder("ladder", Summary.of(results), width)))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_line_for_each_family_and_column_for_each_size() -> None:
    assert printed(of_ladder(UP_TO_1_KIB)) == [
        "CPU µs/req               64 B    1 KiB   64 KiB",
        "a          inet          10.0     12.0     20.0",
        "           unix          8.00     11.0     25.0",
        "           unix/inet     0.80     0.92     1.25",
        "           ±             0.0%     0.0%     0.0%",
        "",
        "unix stops being cheaper than inet between 1 KiB and 64 KiB: a",
        "",
    ]


def test_answers_name_their_servers_and_the_cheapest_comes_first() -> None:
    lines = printed(
        merged(
            of_ladder(ALWAYS, target="b"),
            of_ladder(UP_TO_1_KIB),
            of_ladder(UP_TO_1_KIB, target="c"),
            of_ladder(NEVER, target="d"),
        )
    )
    assert [line[0] for line in lines[1:17:4]] == ["d", "a", "c", "b"]
    assert lines[-4:-1] == [
        "unix costs more than inet at every size: d",
        "unix stops being cheaper than inet between 1 KiB and 64 KiB: a, c",
        "unix is cheaper than inet at every size: b",
    ]


def test_what_is_unknown_is_said_for_each_size() -> None:
    lines = printed(of_ladder(ALWAYS, noisy=[65536]), width=200)
    assert lines[3].split() == ["unix/inet", "0.40", "0.46", "≈", "0.63"]
    assert lines[-2] == (
        "it is unknown where unix stops being cheaper than inet "
        "(cheaper at 64 B, 1 KiB; no difference detected at 64 KiB): a"
    )


def test_too_few_rounds_have_no_interval_and_no_answer() -> None:
    lines = printed(of_ladder(ALWAYS, rounds=3), width=200)
    assert lines[4].split() == ["±", "?", "?", "?"]
    assert "too few rounds at 64 B, 1 KiB, 64 KiB" in lines[-2]


def test_size_without_figures_is_a_dash_and_prevents_every_size() -> None:
    made = of_ladder(ALWAYS)
    lost = Trial(cell("a", "unix", LADDER[0].name), 6, None, failed("1 reset"))
    lines = printed(dataclasses.replace(made, trials=(*made.trials, lost)), width=200)
    assert lines[2].split() == ["unix", "-", "11.0", "25.0"]
    assert lines[-2].endswith("than inet (no figures at 64 B; cheaper at 1 KiB, 64 KiB): a")


def test_one_family_has_costs_and_no_answer() -> None:
    assert printed(of_ladder({"unix": (8, 11, 25)})) == [
        "CPU µs/req          64 B    1 KiB   64 KiB",
        "a          unix     8.00     11.0     25.0",
        "",
        "",
    ]


def test_server_without_figures_has_a_reason() -> None:
    made = of_ladder(UP_TO_1_KIB)
    cells = [requested("broken", "unix", step.name, unusable="no module") for step in LADDER]
    lines = printed(dataclasses.replace(made, requested=(*made.requested, *cells)))
    assert lines[5] == "broken     unusable: no module"


def test_report_shows_a_ladder_once_and_explains_its_ratios() -> None:
    file = io.StringIO()
    results = of_ladder(UP_TO_1_KIB)
    Console(file=file, width=200, highlight=False).print(comparison(Summary.of(results), 200))
    text = file.getvalue()
    assert text.startswith("ladder  16 connections, messages of 64 B to 64 KiB\n")
    assert text.count("64 KiB\n") == 2
    assert "unix/inet: cost over the first family relative to that over the second one" in text
    assert "CPU µs/req: " in text
    assert "ratio: cost relative to" not in text
