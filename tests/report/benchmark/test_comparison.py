"""The report of a run fits the terminal, sorts by cost, and explains every missing figure."""

import dataclasses
import functools
import io
import re
from typing import Literal

import pytest
from rich.console import Console

from tests import made_up
from tests.made_up import cell, failed, requested
from upecho.load.latency import Latency
from upecho.load.plan import LoadResult, ServerUse, Worker
from upecho.measure.cores import Cores
from upecho.measure.environment import Environment
from upecho.measure.plan.scenarios import SCENARIOS
from upecho.measure.plan.settings import Limits, Window
from upecho.measure.results import Results
from upecho.measure.statistics.plausibility import Void, VoidReason
from upecho.measure.statistics.summary import Summary
from upecho.measure.trials import Trial
from upecho.report.benchmark.comparison import comparison
from upecho.report.figures import bar, three_digits

pytestmark = pytest.mark.once

CORES = Cores((0,), (1, 2, 3))
ENVIRONMENT = Environment("2026-01-01", "A CPU", 4, CORES, "Linux 6", "CPython 3", "1", "", "tsc", 0.5, "GCC 12")
CPU_US = {"slow": 400.0, "cheap": 4.6, "middling": 5.0}
FAILURES = {"broken": "3 mismatch, wrote to stderr: " + "x" * 200}
FAMILIES = ("inet", "inet6", "unix", "abstract")


def load(cpu_us: float, saturated: bool) -> LoadResult:
    latency = Latency.of([round(cpu_us * 1000)] * 100)
    server = ServerUse(round(cpu_us * 1e5), 0, 0, 0, 0, 0, 1)
    return LoadResult("python", 100, 6400, round(cpu_us * 1e5), 1, server, saturated, latency, {})


def results(*, checked: bool = True, saturated: bool = False, rounds: int = 2, **names: str) -> Results:
    """Return a run of everything, in which some targets fail, some are unsupported, and some are not measured."""
    requests, trials = [], []
    for family, scenario in [(family, scenario.name) for scenario in SCENARIOS for family in FAMILIES]:
        for target, cpu_us in CPU_US.items():
            name = names.get(target, target)
            requests.append(requested(name, family, scenario))
            trials += [
                Trial(cell(name, family, scenario), number, load(cpu_us * (0.9 + number / 10), saturated))
                for number in range(1, rounds + 1)
            ]
        requests += [
            requested("broken", family, scenario),
            requested("alone", family, scenario, unsupported="serves at most 1 client"),
            requested("wrong", family, scenario, failed_checks=tuple(f"check-{number}" for number in range(9))),
        ]
        trials.append(Trial(cell("broken", family, scenario), 1, None, failed(FAILURES["broken"])))
    window, limits = Window(0.1, 0.25, 0, "python"), Limits(2, 60.0)
    return Results(ENVIRONMENT, window, limits, checked, SCENARIOS, tuple(requests), tuple(trials))


def rendered(shown: Results, width: int = 80, *, terminal: bool = False) -> str:
    file = io.StringIO()
    colors: Literal["standard"] | None = "standard" if terminal else None
    console = Console(file=file, width=width, highlight=False, color_system=colors)
    console.print(comparison(Summary.of(shown), width))
    return file.getvalue()


def with_scenarios(shown: Results, *names: str) -> Results:
    """Return results that request the cells of some scenarios only."""
    return dataclasses.replace(shown, requested=tuple(one for one in shown.requested if one.cell.scenario in names))


def line_of(name: str, text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(name))


@pytest.mark.parametrize("name", ["cheap", "asyncio-protocol+uvloop", "a.very.long.module.name:and_attribute"])
@pytest.mark.parametrize("width", [80, 120])
def test_report_fits_the_terminal_and_no_figure_is_cut(width: int, name: str) -> None:
    text = rendered(results(cheap=name), width)
    assert max(map(len, text.splitlines())) <= width
    for figure in ("4.83", "420", "GB/s each way", "p99 µs"):
        assert figure in text
    assert "…" in line_of("broken", text)


def test_families_stand_side_by_side_where_there_is_room() -> None:
    assert "over inet6" in line_of("over inet ", rendered(results(), 120))
    assert "over inet6" not in line_of("over inet ", rendered(results(), 80))


def test_cheapest_comes_first_and_is_the_reference() -> None:
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


def test_missing_figures_have_a_reason() -> None:
    text = rendered(results())
    assert line_of("broken", text).split()[1:4] == ["failed:", "3", "mismatch,"]
    assert line_of("alone", text).split(maxsplit=1)[1].rstrip() == "unsupported: serves at most 1 client"
    assert line_of("wrong", text).split(maxsplit=1)[1].rstrip() == "fails 9 checks"
    assert "broken failed: 3 mismatch, wrote to stderr: x" in " ".join(text[text.rindex("wrong fails") :].split())
    below = " ".join(text.split())
    assert f"wrong fails over {', '.join(FAMILIES)}: check-0, check-1, check-2, check-3 and 5 more" in below


def test_requests_per_second_are_shown() -> None:
    text = rendered(results())
    throughput = text[text.index("throughput") :]
    assert re.search(r"cheap +4\.83 +208 000 +1\.00", throughput)
    assert re.search(r"slow +420 +2 390 +86\.96", throughput)
    assert "≥" not in text


def test_saturated_engine_marks_the_rate_as_a_lower_bound() -> None:
    text = rendered(results(saturated=True))
    assert re.search(r"cheap +4\.83 +≥ 208 000", text)
    assert "≥ the load engine was the bottleneck" in text
    quiet = dataclasses.replace(results(saturated=True), scenarios=SCENARIOS[:1])
    quiet = with_scenarios(quiet, "latency")
    assert "≥" not in rendered(quiet)


def test_footer_shows_where_and_how_the_run_was_made() -> None:
    text = " ".join(rendered(results()).split())
    assert "CPython 3 · upecho 1 · Linux 6 · A CPU" in text
    assert "2 rounds of 0.25 s in fresh server processes, interleaved" in text
    assert "load engine python on core 0, servers on 1-3" in text
    assert "Conformance was not checked" not in text
    assert "Conformance was not checked" in rendered(results(checked=False))


def test_footer_says_that_conformance_was_checked_quickly() -> None:
    text = " ".join(rendered(made_up.run({"mine": [1.0, 2.0]}, quickly_checked=True)).split())
    assert "passed the MUST checks (except those that take long and those of start and stop)" in text


def alike_in(shown: Results) -> list[bool]:
    lines = rendered(shown).splitlines()
    return ["≈" in line for line in lines if re.match("costly|cheap|same", line)]


def test_line_that_does_not_differ_from_the_one_above_is_marked() -> None:
    costs = {
        "cheap": [1.0, 1.01, 0.99, 1.0, 1.0],
        "same": [1.01, 1.0, 1.0, 1.0, 0.99],
        "costly": [2.0, 2.1, 2.0, 1.9, 2],
    }
    few = made_up.run({target: rounds[:3] for target, rounds in costs.items()})
    assert alike_in(made_up.run(costs)) == [False, True, False]
    assert alike_in(few) == [False, False, False]


def test_legend_explains_the_marks_that_appear_and_no_others() -> None:
    rounds = {"cheap": [1.0, 1.01, 0.99, 1.0], "same": [1.0, 0.99, 1.0, 1.01], "costly": [2.0, 2.1, 2.0, 1.9]}
    different = made_up.run({target: rounds[target] for target in ("cheap", "costly")})
    few = made_up.run({target: costs[:3] for target, costs in rounds.items()})
    legends = [set(re.findall(r"^[≈?≥]", rendered(run), re.MULTILINE)) for run in (made_up.run(rounds), different, few)]
    assert legends == [{"≈"}, set(), {"?"}]
    assert "? fewer than 4 rounds" in rendered(few)


def test_curve_has_no_legend_for_missing_columns() -> None:
    curve = tuple(one for one in SCENARIOS if one.curve)
    run = dataclasses.replace(results(), scenarios=curve)
    text = rendered(with_scenarios(run, *(one.name for one in curve)))
    assert "p99.9" in text
    assert "ratio" not in text
    assert "CPU µs/req" not in text


def test_busy_machine_supports_no_conclusion() -> None:
    costs = {"cheap": [1.0] * 5, "same": [1.0] * 5, "costly": [2.0] * 5}
    busy = made_up.run(costs, disturbed=2)
    assert alike_in(busy) == [False, False, False]
    assert "The machine was too busy to draw conclusions: 40% of the trials were disturbed." in rendered(busy)
    assert "? unknown, because too many trials were disturbed" in rendered(busy)
    assert "CPU quota" not in rendered(busy)


@pytest.mark.parametrize(
    ("throttled", "consequence"), [(1, "they count"), (2, "nothing can be concluded from the figures")]
)
def test_cpu_quota_is_reported(throttled: int, consequence: str) -> None:
    text = " ".join(rendered(made_up.run({"cheap": [1.0] * 5, "costly": [2.0] * 5}, throttled=throttled)).split())
    share = f"{20 * throttled}%"
    assert f"A CPU quota stopped the load engine or the server in {share} of the trials: {consequence}. Raise" in text


def test_disturbed_run_is_not_told_to_measure_longer() -> None:
    costs, limits = {"native": [1.0, 2.0] * 3, "a": [1.0] * 6}, Limits(6, 60.0, precision=0.03)
    assert "as precise" in rendered(made_up.run(costs, limits=limits))
    assert "as precise" not in rendered(made_up.run(costs, limits=limits, disturbed=6))


def test_baseline_without_others_needs_no_precision() -> None:
    alone = made_up.run({"native": [1.0], "dead": "1 refused"}, limits=Limits(5, 60.0, precision=0.03))
    assert "as precise" not in rendered(alone)
    assert "as precise" in rendered(made_up.run({"native": [1.0]}, limits=Limits(5, 60.0, precision=0.03)))


@pytest.mark.parametrize(
    ("rounds", "missing", "end"),
    [
        (5, 0, "All rounds were measured; increase --rounds or --seconds."),
        (6, 0, "The time was used up (60 s); increase --budget."),
        (6, 1, "The run was interrupted."),
    ],
)
def test_missed_precision_is_shown_with_what_would_help(rounds: int, missing: int, end: str) -> None:
    costs = {"cheap": [1.0, 1.1, 1.0, 1.2, 1.0], "costly": [2.0, 1.7, 2.3, 2.0, 2.4][: 5 - missing]}
    text = " ".join(rendered(made_up.run(costs, limits=Limits(rounds, 60.0, precision=0.03))).split())
    assert re.search(
        rf"as requested \(± 3\.0%\); the least precise is ± \d+%, in chat over unix\. {re.escape(end)}", text
    )
    assert "as precise" not in rendered(made_up.run(costs, limits=Limits(rounds, 60.0, precision=0.9)))


def test_run_that_failed_between_two_rounds_has_not_used_up_its_time() -> None:
    costs, limits = {"a": [1.0, 1.1, 1.0], "b": [2.0, 1.7, 2.3]}, Limits(6, 60.0, precision=0.03)
    text = " ".join(rendered(made_up.run(costs, limits=limits, complete=False)).split())
    assert text.count("The run was interrupted.") == 1
    assert "The time was used up" not in text


@pytest.mark.parametrize("precision", [0.0, 0.03])
def test_interrupted_run_says_so_whatever_its_precision(precision: float) -> None:
    limits = Limits(3, 60.0, precision=precision)
    run = functools.partial(made_up.run, {"a": [1.0, 1.1, 1.0], "b": [2.0, 1.7, 2.3]}, limits=limits)
    assert rendered(run(complete=False)).count("The run was interrupted. The trials that were finished count.") == 1
    assert "interrupted" not in rendered(run())


def test_machine_without_ports_is_explained() -> None:
    void = Trial(cell("a"), 1, None, void=Void(VoidReason.NO_PORT, "a detail that nobody searches"))
    text = rendered(made_up.run({}, requested=(requested("a"),), trials=(void,)))
    assert "void: a detail that nobody searches" in text
    assert "sysctl net.ipv4.ip_local_port_range" in " ".join(text.split())


def test_trials_that_are_left_out_are_counted() -> None:
    run = made_up.run({"a": [1.0, 1.1, 1.0, 1.1, 1.0]})
    void = dataclasses.replace(run.trials[1], void=Void(VoidReason.LITTLES_LAW, "9 of 10"))
    text = " ".join(rendered(dataclasses.replace(run, trials=(run.trials[0], void, *run.trials[2:]))).split())
    assert "1 trial left out: the machine kept the load engine from its processor" in text
    assert "left out" not in rendered(run)


def test_floor_is_shown() -> None:
    costs = {"cheap": [1.0] * 5, "costly": [2.0, 2.1, 2.0, 1.9, 2.0]}
    text = " ".join(rendered(made_up.run(costs, copies={"cheap": [1.0, 1.1, 1.0, 0.9, 1.0]})).split())
    assert re.search(r"A/A: the same server measured twice differs from itself by up to \d", text)


def test_ratio_between_families_is_shown() -> None:
    assert "unix costs 1.00 times as much CPU as inet (median of 3 servers)" in rendered(results())


def test_shares_of_workers_are_shown() -> None:
    made = made_up.run({"a": [1.0] * 3, "b": [1.0] * 3, "c": [1.0] * 3, "d": [1.0] * 3})
    seen = {"a": ((16, 300), (48, 700)), "b": ((16, None), (48, None)), "c": ()}
    trials = tuple(
        dataclasses.replace(
            one,
            load=dataclasses.replace(one.load, workers=tuple(Worker(*worker) for worker in seen[one.cell.target])),
        )
        if one.load and one.cell.target in seen
        else one
        for one in made.trials
    )
    text = " ".join(rendered(dataclasses.replace(made, trials=trials)).split())
    assert "a over unix: each of its 2 workers had 25% to 75% of the connections and 30% to 70% of the requests" in text
    assert "b over unix: each of its 2 workers had 25% to 75% of the connections and an unknown share of the" in text
    assert "c over unix: it is unknown which worker had which connection" in text
    assert "d over unix:" not in text


def test_only_terminals_get_colours() -> None:
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
def test_figures_have_three_significant_digits(value: float, text: str) -> None:
    assert three_digits(value) == text


def test_bars_have_a_resolution_of_an_eighth() -> None:
    assert [bar(share, 2) for share in (1.0, 0.5, 0.5625, 0.001, 0.0)] == ["██", "█", "█▏", "▏", ""]


def test_failure_that_differs_only_in_numbers_is_explained_once() -> None:
    why = "it ended before it was ready: nobody listens on port"
    failed_twice = made_up.run({"a": [1.0], "lost": f"{why} 40001"}, families=("unix", "inet"))
    trials = [
        dataclasses.replace(one, findings=failed(f"{why} 50002"))
        if one.cell.target == "lost" and one.cell.family == "inet"
        else one
        for one in failed_twice.trials
    ]
    text = " ".join(rendered(dataclasses.replace(failed_twice, trials=tuple(trials))).split())
    assert text.count(f"lost failed: {why}") == 3  # in two tables, and once below them


def test_check_that_fails_over_several_families_is_named_once() -> None:
    rows = tuple(requested("wrong", family, failed_checks=("echo-hello",)) for family in ("inet", "unix"))
    text = rendered(dataclasses.replace(made_up.run({"a": [1.0]}, families=("inet", "unix")), requested=rows))
    assert "wrong fails over inet, unix: echo-hello" in text
