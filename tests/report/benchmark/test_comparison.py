"""The comparison fits the terminal, puts the cheapest on top, and gives no number where there is none."""

import dataclasses
import io
import re
from typing import Literal

import pytest
from rich.console import Console

from tests import made_up
from upecho.load.latency import Latency
from upecho.load.plan import LoadResult, ServerUse
from upecho.measure.cells import SCENARIOS
from upecho.measure.cores import Cores
from upecho.measure.environment import Environment
from upecho.measure.results import Results, Wanted
from upecho.measure.rounds import Limits
from upecho.measure.trials import Trial, Window
from upecho.report.benchmark.comparison import comparison
from upecho.report.figures import bar, three_digits

CORES = Cores((0,), (1, 2, 3))
ENVIRONMENT = Environment("2026-01-01", "A CPU", 4, CORES, "Linux 6", "CPython 3", "1", {}, "", "tsc", 0.5, "GCC 12")
CPU_US = {"slow": 400.0, "cheap": 4.6, "middling": 5.0}
FAILURES = {"broken": "3 mismatch, wrote to stderr: " + "x" * 200}
FAMILIES = ("inet", "inet6", "unix", "abstract")


def load(cpu_us: float, saturated: bool) -> LoadResult:
    latency = Latency.of([round(cpu_us * 1000)] * 100)
    server = ServerUse(round(cpu_us * 1e5), 0, 0, 0, 0, 0, 1)
    return LoadResult("python", 100, 6400, round(cpu_us * 1e5), 1, server, saturated, latency, {})


def results(*, checked: bool = True, saturated: bool = False, rounds: int = 2, **names: str) -> Results:
    """A run of everything, in which some fail, some are unsupported, and some are not measured."""
    cells = [(family, scenario.name) for scenario in SCENARIOS for family in FAMILIES]
    wanted, trials = [], []
    for family, scenario in cells:
        for target, cpu_us in CPU_US.items():
            name = names.get(target, target)
            wanted.append(Wanted(name, family, scenario))
            trials += [
                Trial(name, family, scenario, number, load(cpu_us * (0.9 + number / 10), saturated))
                for number in range(1, rounds + 1)
            ]
        wanted += [Wanted("broken", family, scenario), Wanted("alone", family, scenario, "serves 1 at once")]
        wanted += [Wanted("wrong", family, scenario, "", tuple(f"check-{n}" for n in range(9)))]
        trials.append(Trial("broken", family, scenario, 1, None, FAILURES["broken"]))
    return Results(ENVIRONMENT, Window(0.1, 0.25, 0), Limits(2, 60.0), checked, SCENARIOS, tuple(wanted), tuple(trials))


def rendered(shown: Results, width: int = 80, *, terminal: bool = False) -> str:
    file = io.StringIO()
    colors: Literal["standard"] | None = "standard" if terminal else None
    console = Console(file=file, width=width, highlight=False, color_system=colors)
    console.print(comparison(shown, width))
    return file.getvalue()


def line_of(name: str, text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(name))


@pytest.mark.parametrize("name", ["cheap", "asyncio-protocol+uvloop", "a.very.long.module.name:and_attribute"])
@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal_and_no_figure_is_cut(width: int, name: str) -> None:
    text = rendered(results(cheap=name), width)
    assert max(map(len, text.splitlines())) <= width
    for figure in ("4.83", "420", "GB/s each way", "p99 µs"):
        assert figure in text
    assert "…" in line_of("broken", text)


def test_families_stand_side_by_side_where_there_is_room() -> None:
    assert "over inet6" in line_of("over inet ", rendered(results(), 120))
    assert "over inet6" not in line_of("over inet ", rendered(results(), 80))


def test_the_cheapest_is_on_top_and_the_others_are_compared_with_it() -> None:
    lines = rendered(results()).splitlines()
    first = lines.index(next(line for line in lines if line.startswith("over inet ")))
    assert [line.split()[0] for line in lines[first + 1 : first + 7]] == [
        "cheap",
        "middling",
        "slow",
        "broken",
        "alone",
        "wrong",
    ]
    assert [line.split()[4] for line in lines[first + 1 : first + 4]] == ["1.00", "1.09", "86.96"]


def test_what_has_no_number_says_why() -> None:
    text = rendered(results())
    assert line_of("broken", text).split()[1:4] == ["failed:", "3", "mismatch,"]
    assert line_of("alone", text).split(maxsplit=1)[1].rstrip() == "unsupported: serves 1 at once"
    assert line_of("wrong", text).split(maxsplit=1)[1].rstrip() == "fails 9 checks"
    assert "broken failed: 3 mismatch, wrote to stderr: x" in " ".join(text[text.rindex("wrong fails") :].split())
    assert "wrong fails over unix: check-0, check-1, check-2, check-3 and 5 more" in text


def test_requests_and_gigabytes_per_second() -> None:
    text = rendered(results())
    throughput = text[text.index("throughput") :]
    assert re.search(r"cheap +4\.83 +208 000 +1\.00", throughput)
    assert re.search(r"slow +420 +2 390 +86\.96", throughput)
    assert "≥" not in text


def test_a_saturated_engine_gives_a_bound() -> None:
    text = rendered(results(saturated=True))
    assert re.search(r"cheap +4\.83 +≥ 208 000", text)
    assert "≥ the load engine was the bottleneck" in text
    quiet = dataclasses.replace(results(saturated=True), scenarios=SCENARIOS[:1])
    quiet = dataclasses.replace(quiet, wanted=tuple(note for note in quiet.wanted if note.scenario == "latency"))
    assert "≥" not in rendered(quiet)


def test_the_footer_says_where_how_and_how_noisy() -> None:
    text = " ".join(rendered(results()).split())
    assert "CPython 3 · upecho 1 · Linux 6 · A CPU" in text
    assert "2 rounds of 0.25 s in fresh server processes, interleaved" in text
    assert "load engine python on core 0, servers on 1-3" in text
    assert "Conformance was not checked" not in text
    assert "Conformance was not checked" in rendered(results(checked=False))


def alike_in(shown: Results) -> list[bool]:
    lines = rendered(shown).splitlines()
    return ["≈" in line for line in lines if re.match("dear|cheap|same", line)]


def test_what_cannot_be_told_from_the_line_above_is_marked_so() -> None:
    costs = {"cheap": [1.0, 1.01, 0.99, 1.0, 1.0], "same": [1.01, 1.0, 1.0, 1.0, 0.99], "dear": [2.0, 2.1, 2.0, 1.9, 2]}
    few = made_up.run({target: rounds[:3] for target, rounds in costs.items()})
    assert alike_in(made_up.run(costs)) == [False, True, False]
    assert alike_in(few) == [False, False, False]


def test_the_legend_has_the_marks_that_appear_and_no_others() -> None:
    rounds = {"cheap": [1.0, 1.01, 0.99, 1.0], "same": [1.0, 0.99, 1.0, 1.01], "dear": [2.0, 2.1, 2.0, 1.9]}
    different = made_up.run({target: rounds[target] for target in ("cheap", "dear")})
    few = made_up.run({target: costs[:3] for target, costs in rounds.items()})
    legends = [set(re.findall(r"^[≈?≥]", rendered(run), re.MULTILINE)) for run in (made_up.run(rounds), different, few)]
    assert legends == [{"≈"}, set(), {"?"}]
    assert "? fewer than 4 rounds" in rendered(few)


def test_a_curve_has_no_legend_for_columns_it_has_not() -> None:
    curve = tuple(one for one in SCENARIOS if one.curve)
    run = dataclasses.replace(results(), scenarios=curve)
    wanted = [note for note in run.wanted if note.scenario in {one.name for one in curve}]
    text = rendered(dataclasses.replace(run, wanted=tuple(wanted)))
    assert "p99.9" in text
    assert "ratio" not in text
    assert "CPU µs/req" not in text


def test_a_busy_machine_concludes_nothing() -> None:
    costs = {"cheap": [1.0] * 5, "same": [1.0] * 5, "dear": [2.0] * 5}
    busy = made_up.run(costs, disturbed=2)
    assert alike_in(busy) == [False, False, False]
    assert "The machine was too busy to conclude: 40% of the trials were disturbed." in rendered(busy)


def test_of_a_baseline_that_is_left_alone_nothing_more_was_wanted() -> None:
    alone = made_up.run({"native": [1.0], "dead": "1 refused"}, limits=Limits(5, 60.0, precision=0.03))
    assert "as precise" not in rendered(alone)
    assert "as precise" in rendered(made_up.run({"native": [1.0]}, limits=Limits(5, 60.0, precision=0.03)))


@pytest.mark.parametrize(
    ("rounds", "missing", "end"),
    [
        (5, 0, "All rounds were done: more --rounds, or longer ones (--seconds), help."),
        (6, 0, "The time was used up (60 s): a greater --budget helps."),
        (6, 1, "The run was cut short."),
    ],
)
def test_what_is_not_as_precise_as_wanted_is_said_and_what_would_help(rounds: int, missing: int, end: str) -> None:
    costs = {"cheap": [1.0, 1.1, 1.0, 1.2, 1.0], "dear": [2.0, 1.7, 2.3, 2.0, 2.4][: 5 - missing]}
    text = " ".join(rendered(made_up.run(costs, limits=Limits(rounds, 60.0, precision=0.03))).split())
    assert re.search(rf"as wanted \(± 3\.0%\): at worst ± \d+%, in chat over unix\. {re.escape(end)}", text)
    assert "as precise" not in rendered(made_up.run(costs, limits=Limits(rounds, 60.0, precision=0.9)))


def test_the_floor_is_said() -> None:
    costs = {"cheap": [1.0] * 5, "dear": [2.0, 2.1, 2.0, 1.9, 2.0]}
    text = " ".join(rendered(made_up.run(costs, copies={"cheap": [1.0, 1.1, 1.0, 0.9, 1.0]})).split())
    assert re.search(r"A/A: the same server measured twice differs from itself by up to \d", text)


def test_unix_against_inet_is_said() -> None:
    assert "unix costs 1.00 times as much CPU as inet (median of 3 servers)" in rendered(results())


def test_a_pipe_gets_no_escape_codes() -> None:
    assert "\x1b" not in rendered(results())
    assert "\x1b[32m" in rendered(results(), terminal=True)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0123, "0.01"),
        (3.814, "3.81"),
        (9.999, "10.0"),
        (28.14, "28.1"),
        (727.5, "728"),
        (1234, "1 230"),
        (196_360, "196 000"),
        (1_000_000, "1 000 000"),
    ],
)
def test_figures_have_three_digits(value: float, text: str) -> None:
    assert three_digits(value) == text


def test_bars_are_drawn_to_an_eighth() -> None:
    assert [bar(share, 2) for share in (1.0, 0.5, 0.5625, 0.001, 0.0)] == ["██", "█", "█▏", "▏", ""]
