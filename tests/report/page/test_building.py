"""The model of a page: its figures are those of the statistics, and its sentences are what they prove."""

import dataclasses

import pytest

from tests.made_up import MACHINE, cell, load, run
from tests.report.page.samples import (
    COSTS,
    full_page,
    of_scenarios,
    on_pythons,
    over_load,
    page_of,
    results,
    with_causes,
)
from upecho.load.latency import Latency
from upecho.measure.cores import Cores
from upecho.measure.plan.cells import Group
from upecho.measure.results import RequestedCell
from upecho.measure.statistics.claims import Claims
from upecho.measure.statistics.quantities import INTERVAL
from upecho.measure.statistics.summary import Spread
from upecho.net.address import Family
from upecho.report.page import columns
from upecho.report.page.model.page import Measured, Page, Table

pytestmark = pytest.mark.once


def table_of(page: Page, family: str = "inet") -> Table:
    return next(table for table in page.sections[0].tables if table.family == family)


def line_of(page: Page, label: str) -> Measured:
    return next(one for one in table_of(page).measured if one.server.label == label)


def text_about(page: Page, subject: str) -> str:
    return " ".join(one.text for one in page.claims if one.subject.startswith(subject))


def test_cost_and_its_interval_are_those_of_the_statistics() -> None:
    expected = Claims(results()).ratio(cell("trio", "inet"))
    assert line_of(page_of(results()), "trio").cost == expected


def test_speed_is_the_inverse_of_the_time_between_replies() -> None:
    expected = Claims(results(), INTERVAL).ratio(cell("trio", "inet"))
    speed = line_of(page_of(results()), "trio").speed
    assert (speed.ratio, speed.low, speed.high) == (1 / expected.ratio, 1 / expected.high, 1 / expected.low)


def test_floor_is_that_of_the_statistics() -> None:
    claims = Claims(results())
    table = table_of(page_of(results()))
    assert table.cost_floor == claims.floor(Group("chat", Family.INET))
    assert table.cost_floor is not None


def test_servers_are_sorted_by_cost_and_divided_into_groups() -> None:
    shown = [(one.server.label, one.group) for one in table_of(page_of(results())).measured]
    assert [label for label, _ in shown] == ["native", "asyncio-protocol", "asyncio+uvloop", "asyncio", "trio"]
    assert [group for _, group in shown] == [1, 2, 2, 3, 4]


def test_figures_are_in_microseconds() -> None:
    line = line_of(page_of(results()), "trio")
    assert line.cpu_us
    assert (line.cpu_us.low, line.cpu_us.high) == (60.0, 66.3)
    assert line.p50_us.median == 1.0


def test_server_is_selected_by_model_loop_framework_and_python() -> None:
    page = full_page()
    servers = {one.server.label: one.server for one in table_of(page).measured}
    found = {label: (one.model, one.loop, one.framework) for label, one in servers.items()}
    assert found == {
        "native": ("native", "", ""),
        "asyncio": ("asyncio", "asyncio", ""),
        "asyncio+uvloop": ("asyncio", "uvloop", ""),
        "asyncio-protocol": ("asyncio-protocol", "asyncio", ""),
        "trio": ("trio", "", "trio"),
    }
    assert {one.python for one in servers.values()} == {MACHINE.python}


def test_server_without_figures_is_shown_with_the_reason() -> None:
    page = page_of(run({"native": COSTS["native"], "asyncio": "hung"}, families=("inet",)))
    (absent,) = table_of(page).absent
    assert (absent.server.label, absent.reason, absent.failed) == ("asyncio", "failed: hung", True)


def test_best_server_of_a_scenario_is_named_with_ratio_and_interval() -> None:
    page = page_of(run({one: COSTS[one] for one in ("native", "asyncio", "trio")}, families=("inet",)))
    ratio = line_of(page, "asyncio").cost
    assert text_about(page, "chat") == (
        f"Over inet, asyncio costs the least: {ratio.ratio:.2f} [{ratio.low:.2f}, {ratio.high:.2f}] "
        "times as much as native."
    )


def test_servers_that_cannot_be_told_apart_from_the_best_are_named_beside_it() -> None:
    text = text_about(page_of(results()), "chat")
    assert "Over inet, asyncio-protocol costs the least (" in text
    assert " times as much as native), together with what cannot be told apart from it: asyncio+uvloop." in text


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "no server is known to cost the least; asyncio has the lowest ratio: "),
        ({"gevent": [90.0, 90.5, 90.0, 90.5]}, "as native. Only these are known to cost more than it: gevent."),
    ],
    ids=["none", "most"],
)
def test_no_server_is_called_the_best_if_most_are_like_it(more: dict[str, list[float]], expected: str) -> None:
    costs = {
        "native": COSTS["native"][:4],
        "asyncio": [20.0, 30.0, 25.0, 22.0],
        "trio": [30.0, 20.0, 22.0, 26.0],
        "tornado": [30.1, 20.0, 22.0, 26.0],
        **more,
    }
    text = text_about(page_of(run(costs, families=("inet",))), "chat")
    assert text.startswith("Over inet, no server is known to cost the least; ")
    assert expected in text


def test_server_that_fails_checks_is_not_recommended() -> None:
    requested = tuple(
        dataclasses.replace(one, failed_checks=("half-close",)) if one.cell.target == "asyncio" else one
        for one in run({one: COSTS[one] for one in ("native", "asyncio", "trio")}, families=("inet",)).requested
    )
    page = page_of(
        run({one: COSTS[one] for one in ("native", "asyncio", "trio")}, families=("inet",), requested=requested)
    )
    assert line_of(page, "asyncio").failed_checks == ("half-close",)
    assert text_about(page, "chat").startswith("Over inet, trio costs the least: ")


def test_loop_is_compared_with_that_of_asyncio_on_the_same_server() -> None:
    text = text_about(page_of(results()), "event loop uvloop")
    assert text.startswith("uvloop costs less than asyncio's own loop in 2 of 2 comparisons and more in 0. ")
    assert "0.67 [0.67, 0.67] (asyncio+uvloop, chat over inet)" in text


@pytest.mark.parametrize(
    ("rounds", "disturbed", "caution"),
    [(5, 3, "too busy to draw conclusions"), (3, 0, "fewer than 4 rounds")],
    ids=["busy", "few rounds"],
)
def test_nothing_is_claimed_from_too_few_or_disturbed_trials(rounds: int, disturbed: int, caution: str) -> None:
    costs = {target: some[:rounds] for target, some in COSTS.items()}
    page = page_of(run(costs, families=("inet", "unix"), disturbed=disturbed))
    assert page.claims == ()
    assert not any(one.has_interval for one in table_of(page).measured)
    assert not any(one.has_interval for one in page.comparisons)
    assert any(caution in one for one in page.cautions)


def test_families_are_compared_server_by_server() -> None:
    page = page_of(results())
    found = {one.server.label: (one.what, one.base, one.conclusion) for one in page.comparisons}
    assert found == dict.fromkeys(COSTS, ("unix", "inet", "no difference detected"))


def test_cold_server_is_compared_with_the_warm_one() -> None:
    warm = run({"native": [10.0, 10.1, 10.0, 10.1]}, families=("inet",))
    cold = run({"native": [30.0, 30.1, 30.0, 30.3]}, families=("inet",))
    there = cell("native", "inet", cold=True)
    both = dataclasses.replace(
        warm,
        requested=(*warm.requested, RequestedCell(there)),
        trials=(*warm.trials, *(dataclasses.replace(one, cell=there) for one in cold.trials)),
    )
    (found,) = page_of(both).comparisons
    assert (found.what, found.base, found.conclusion) == ("cold", "warm", "costs more")
    assert found.ratio.ratio == pytest.approx(3, rel=0.01)


def test_percentiles_come_from_all_trials_and_end_where_too_few_requests_are_slower() -> None:
    latencies = Latency.of([1000 * number for number in range(1, 251)])
    made = run({"native": [10.0] * 4}, families=("inet",))
    trials = []
    for trial in made.trials:
        assert trial.load
        trials.append(dataclasses.replace(trial, load=dataclasses.replace(trial.load, latency=latencies)))
    (line,) = table_of(page_of(dataclasses.replace(made, trials=tuple(trials)))).measured
    found = dict(line.percentiles)
    assert list(found) == [50.0, 75.0, 90.0, 95.0, 99.0]  # of 1000 requests, 10 are slower
    assert found[99.0] == pytest.approx(248, rel=0.002)


def test_cost_over_message_size_is_a_curve_if_nothing_else_differs() -> None:
    page = page_of(of_scenarios({"inet": {64: 10.0, 1024: 12.0}}))
    (found,) = page.size_curves
    assert found.points == ((64, 10.0), (1024, 12.0))
    assert found.load == "64 connections"


def test_loads_that_differ_in_more_than_the_size_are_no_curve() -> None:
    made = of_scenarios({"inet": {64: 10.0, 1024: 12.0}})
    first, second = made.scenarios
    page = page_of(dataclasses.replace(made, scenarios=(first, dataclasses.replace(second, connections=1))))
    assert page.size_curves == ()


def test_crossing_of_unix_and_tcp_lies_between_two_measured_sizes() -> None:
    costs = {"inet": {64: 10.0, 1024: 12.0, 65536: 20.0}, "unix": {64: 8.0, 1024: 11.0, 65536: 25.0}}
    page = page_of(of_scenarios(costs))
    assert page.crossings == (
        "asyncio (64 connections): unix costs 0.92 [0.92, 0.92] times as much as inet with messages of 1 KiB, and "
        "1.25 [1.25, 1.25] times with 64 KiB; the crossing lies between these sizes.",
    )
    assert page.crossings[0] in text_about(page, "message size")


def test_crossing_is_not_claimed_without_a_difference_on_both_sides() -> None:
    costs = {"inet": {64: 10.0, 1024: 12.0}, "unix": {64: 8.0, 1024: 13.0}}
    made = of_scenarios(costs)
    noise = iter([5.0, 20.0, 6.0, 22.0])
    trials = [
        dataclasses.replace(trial, load=load(next(noise)))
        if (trial.cell.family, trial.cell.scenario) == ("unix", "chat-1024")
        else trial
        for trial in made.trials
    ]
    page = page_of(dataclasses.replace(made, trials=tuple(trials)))
    assert page.crossings == ()
    assert len(page.size_curves) == 2


def test_latency_over_load_is_a_curve_and_no_table() -> None:
    page = page_of(over_load())
    (found,) = page.load_curves
    assert [point.share for point in found.points] == [0.1, 0.5]
    assert page.sections == ()


def test_server_has_the_full_version_of_its_python() -> None:
    found = {one.server.label: one.server.python for one in table_of(page_of(on_pythons())).measured}
    assert found == {
        "native": MACHINE.python,
        "asyncio 3.13.0": "CPython 3.13.0",
        "asyncio 3.14.0": "CPython 3.14.0",
        "asyncio 3.14.0 free-threaded": "CPython 3.14.0 free-threaded",
    }


def test_server_that_fails_checks_is_no_evidence_about_its_loop() -> None:
    requested = tuple(
        dataclasses.replace(one, failed_checks=("half-close",)) if one.cell.target == "asyncio+uvloop" else one
        for one in results().requested
    )
    assert text_about(page_of(results(requested=requested)), "event loop") == ""


def test_command_repeats_the_run() -> None:
    (source,) = page_of(results()).sources
    assert source.command.startswith(
        "upecho bench asyncio asyncio+uvloop asyncio-protocol trio --family inet --family unix"
    )
    assert "--scenario FILE.toml" in source.command  # a scenario of the user's
    assert "--engine-cores" not in source.command


def test_command_repeats_the_run_with_as_many_engine_cores() -> None:
    here = dataclasses.replace(MACHINE, cores=Cores((0, 1, 4), (2, 3)))
    (source,) = page_of(results(environment=here)).sources
    assert "--engine-cores 3" in source.command
    assert source.facts["cores"] == "load engine on cores 0-1,4, servers on cores 2-3"


def test_runs_of_several_files_have_tables_of_their_own() -> None:
    page = page_of(results(), results())
    assert [section.run for section in page.sections] == ["run-1", "run-2"]
    assert len({section.id for section in page.sections}) == 2


def test_run_without_any_figures_is_shown() -> None:
    page = page_of(run({"native": "hung", "asyncio": "hung"}, families=("inet", "unix")))
    assert [(table.reference, len(table.measured), len(table.absent)) for table in page.sections[0].tables] == [
        ("", 0, 2),
        ("", 0, 2),
    ]
    assert (page.claims, page.comparisons) == ((), ())


def test_columns_are_those_of_quantities_that_are_due_and_known() -> None:
    section = page_of(results()).sections[0]
    assert columns.heads(section)[2:] == ["CPU µs/request", "requests/s", "p50 µs", "p99 µs", "p99.9 µs", "trials"]
    tables = tuple(
        dataclasses.replace(table, measured=tuple(dataclasses.replace(one, cpu_us=None) for one in table.measured))
        for table in section.tables
    )
    assert "CPU µs/request" not in columns.heads(dataclasses.replace(section, tables=tables))
    idle = dataclasses.replace(section, scenario=dataclasses.replace(section.scenario, idle=10))
    assert "KiB/connection" not in columns.heads(idle)
    first, *others = section.tables
    line = dataclasses.replace(first.measured[0], connection_kib=Spread(1, 1, 1))
    known = dataclasses.replace(first, measured=(line, *first.measured[1:]))
    assert "KiB/connection" in columns.heads(dataclasses.replace(idle, tables=(known, *others)))
    assert "KiB/connection" not in columns.heads(dataclasses.replace(section, tables=(known, *others)))


def test_size_ladder_says_also_where_no_crossing_is_known() -> None:
    costs = {"inet": {64: 10.0, 1024: 12.0, 65536: 20.0}, "unix": {64: 8.0, 1024: 11.0, 65536: 15.0}}
    made = of_scenarios(costs)
    ladder = tuple(dataclasses.replace(one, ladder="sizes") for one in made.scenarios)
    page = page_of(dataclasses.replace(made, scenarios=ladder))
    assert page.crossings == ("sizes: unix is cheaper than inet at every size: asyncio.",)
    assert text_about(page, "message size") == ""
    assert page_of(made).crossings == ()


def test_causes_are_those_of_one_request_and_shown_if_they_are_known() -> None:
    made = run({"asyncio": [5.0] * 4, "trio": [6.0] * 4})
    (section,) = page_of(with_causes(made, voluntary_switches=1500, involuntary_switches=250)).sections
    assert columns.causes_heads(section) == [
        "user µs/req",
        "system µs/req",
        "switches/req",
        "involuntary/req",
        "calls/req",
    ]
    assert list(columns.causes(section, section.tables[0].measured[0])) == ["5.00", "0", "1.50", "0.25", "3.00"]


def test_results_of_earlier_versions_have_no_causes() -> None:
    (section,) = page_of(run({"asyncio": [5.0] * 4})).sections
    assert columns.causes_heads(section) == []
