"""The page of published claims is complete, and it is what its generator writes."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from tests.claims import page, published
from tests.made_up import run
from upecho.load.plan import LoadResult
from upecho.measure.plan.cells import Cell
from upecho.measure.plan.scenario_files import read_scenarios
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.results import Results, read_results
from upecho.measure.statistics.summary import Status
from upecho.net.address import Family
from upecho.report.published import matching
from upecho.report.published.claims import Claim, Comparable, Pair, Publication
from upecho.serving import loops
from upecho.serving.registry import BUILT_IN_NAMES

pytestmark = pytest.mark.once

PUBLISHED = published.publications()
CLAIMS = [(publication, claim) for publication in PUBLISHED for claim in publication.claims]
PAIRS = [claim.measure for _, claim in CLAIMS if claim.measure]
PAIR = Pair("asyncio+uvloop", "asyncio", "ten-1k", Family.INET)
LOAD = Scenario("ten-1k", 10, 1024)
FAST, SLOW = [5.0, 5.1, 5.0, 4.9, 5.0], [10.0, 10.1, 10.1, 9.9, 10.0]


def in_load(cell: Cell) -> Cell:
    return dataclasses.replace(cell, scenario=LOAD.name)


def results(costs: Mapping[str, Sequence[float] | str], disturbed: int = 0) -> Results:
    """Return a run over inet under the load of a claim; the elapsed time of a request is twice its cost."""
    made = run(costs, families=("inet",), disturbed=disturbed)
    requested = tuple(dataclasses.replace(one, cell=in_load(one.cell)) for one in made.requested)
    trials = tuple(dataclasses.replace(one, cell=in_load(one.cell)) for one in made.trials)
    return dataclasses.replace(made, scenarios=(LOAD,), requested=requested, trials=trials)


def with_loads(results: Results, change: Callable[[str, LoadResult], LoadResult]) -> Results:
    """Return a run in which the load of each trial is what a function of the target and the load returns."""
    trials = [
        dataclasses.replace(one, load=change(one.cell.target, one.load))
        for one in results.trials
        if one.load is not None
    ]
    return dataclasses.replace(results, trials=tuple(trials))


def publication(measure: Pair | None = PAIR) -> Publication:
    claim = Claim("uvloop to asyncio", "2 to 4", "4 and 1", "ten", Comparable.YES, "It is near.", measure)
    texts = [field.name for field in dataclasses.fields(Publication) if field.name not in ("title", "claims")]
    return Publication(title="A page #1", claims=(claim,), **dict.fromkeys(texts, "as stated"))


def row(*runs: Results, measure: Pair | None = PAIR) -> list[str]:
    """Return the cells of the only row of the table."""
    lines = page.page(runs, [publication(measure)]).splitlines()
    (line,) = [line for line in lines if line.startswith("| uvloop to asyncio")]
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def command(path: Path) -> list[str]:
    """Return the arguments of the command at the head of a file of scenarios."""
    head = path.read_text().partition("\n[")[0].replace("\\\n#", "")
    return head.partition("upecho bench ")[2].partition("\n")[0].split()


def scenarios_of(path: Path) -> set[str]:
    """Return the names of the scenarios that the command of a file measures."""
    return {one.name for one in read_scenarios(path)} | ({"latency"} & {*command(path)})


def test_page_is_what_the_generator_writes_from_the_results_beside_it() -> None:
    files = sorted(published.REPORTS.glob("claims-results*.json.gz"))
    written = page.page([read_results(file) for file in files])
    assert (published.REPORTS / "claims.md").read_text() == written, "write it as claims-scenarios.toml says"


@pytest.mark.parametrize(("source", "claim"), CLAIMS, ids=lambda value: getattr(value, "claim", None))
def test_every_claim_is_complete(source: Publication, claim: Claim) -> None:
    texts = [value for one in (source, claim) for value in vars(one).values() if isinstance(value, str)]
    assert all(text.strip() for text in texts)
    assert not any("|" in text for text in texts)
    assert source.source.startswith("https://")
    assert claim.remark.endswith(".")
    assert (claim.measure is None) == (claim.comparable is Comparable.NO)


def test_publications_have_titles_of_their_own() -> None:
    assert len({publication.title for publication in PUBLISHED}) == len(PUBLISHED)


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_every_measurement_names_two_targets_and_a_scenario_that_exist(pair: Pair) -> None:
    assert pair.a != pair.b
    assert pair.scenario in published.scenarios()
    for target in (pair.a, pair.b):
        name, _, loop = target.partition("+")
        assert name in BUILT_IN_NAMES
        assert not loop or loops.find(loop)


@pytest.mark.parametrize("path", published.LOADS, ids=lambda path: path.name)
def test_command_measures_the_targets_of_its_claims_and_no_other(path: Path) -> None:
    words = command(path)
    due = [pair for pair in PAIRS if pair.scenario in scenarios_of(path)]
    assert {*words[: words.index("--family")]} == {target for pair in due for target in (pair.a, pair.b)}
    assert f"reports/{path.name}" in words
    assert {words[words.index("--family") + 1]} == {pair.family for pair in due}


def test_commands_measure_the_scenarios_of_the_claims_and_no_other() -> None:
    measured = set().union(*map(scenarios_of, published.LOADS))
    assert measured == {pair.scenario for pair in PAIRS}


def test_claim_without_results_is_not_measured() -> None:
    assert row()[3:] == ["not measured", "-", "yes"]
    assert row(results({"asyncio": SLOW}))[3] == "not measured"


def test_claim_without_anything_comparable_has_no_measurement() -> None:
    assert row(results({"asyncio+uvloop": FAST, "asyncio": SLOW}), measure=None)[3:5] == ["-", "-"]
    assert "Not comparable. It is near." in page.page([], [publication(None)])


def test_ratios_above_one_mean_that_the_first_target_is_faster_and_needs_less() -> None:
    rate, cpu = row(results({"asyncio+uvloop": FAST, "asyncio": SLOW}))[3:5]
    assert rate == cpu == "2.00 (1.98 to 2.02)"


def test_rate_and_cpu_time_are_measured_independently() -> None:
    def slow_down(target: str, load: LoadResult) -> LoadResult:
        factor = 4 if target == "asyncio+uvloop" else 1
        return dataclasses.replace(load, elapsed_ns=factor * load.elapsed_ns)

    rate, cpu = row(with_loads(results({"asyncio+uvloop": FAST, "asyncio": SLOW}), slow_down))[3:5]
    assert rate.startswith("0.50 (")
    assert cpu.startswith("2.00 (")


def test_cpu_time_is_left_out_where_the_system_does_not_report_it() -> None:
    without = with_loads(
        results({"asyncio+uvloop": FAST, "asyncio": SLOW}), lambda _, load: dataclasses.replace(load, server=None)
    )
    assert row(without)[3:5] == ["2.00 (1.98 to 2.02)", "-"]


def test_no_interval_is_shown_with_too_few_rounds() -> None:
    assert row(results({"asyncio+uvloop": FAST[:2], "asyncio": SLOW[:2]}))[3:5] == [
        "1.99; 2 rounds, too few for an interval",
        "1.99",
    ]


def test_no_interval_is_shown_if_the_machine_was_too_busy() -> None:
    busy = results({"asyncio+uvloop": FAST, "asyncio": SLOW}, disturbed=5)
    assert row(busy)[3] == "2.00; the machine was too busy for an interval"


def test_rate_that_the_engine_limited_is_marked() -> None:
    limited = with_loads(
        results({"asyncio+uvloop": FAST, "asyncio": SLOW}),
        lambda target, load: dataclasses.replace(load, saturated=target == "asyncio+uvloop"),
    )
    assert row(limited)[3] == "2.00 (1.98 to 2.02); the load engine limited the rate"


def test_reason_without_paths_is_shown_if_a_server_could_not_be_measured() -> None:
    failing = results({"asyncio+uvloop": "an error in /home/me/loop.py", "asyncio": SLOW})
    assert row(failing)[3] == "not measured: `asyncio+uvloop` failed in a trial"
    assert "/home/me" not in page.page([failing], [publication()])


def test_every_status_has_a_reason_except_that_of_a_measured_server() -> None:
    assert matching.WHY.keys() == {*Status} - {Status.MEASURED}


def test_first_run_that_has_both_servers_counts() -> None:
    runs = [
        results({"asyncio+uvloop": "crashed", "asyncio": SLOW}),
        results({"asyncio+uvloop": FAST, "asyncio": SLOW}),
        results({"asyncio+uvloop": SLOW, "asyncio": SLOW}),
    ]
    assert row(*runs)[3].startswith("2.00 (")


def test_servers_are_compared_on_the_same_python_only() -> None:
    run = results({"asyncio+uvloop": FAST, "asyncio": SLOW})
    first = dataclasses.replace(run.requested[0], cell=dataclasses.replace(run.requested[0].cell, python="3.13"))
    assert row(dataclasses.replace(run, requested=(first, run.requested[1])))[3] == "not measured"


def test_table_links_to_the_section_of_the_source() -> None:
    text = page.page([], [publication()])
    assert "[A page #1](#a-page-1)" in text
    assert "## A page #1\n" in text


def test_page_tells_loads_machine_and_versions_of_each_run() -> None:
    text = page.page([results({"asyncio+uvloop": FAST, "asyncio": SLOW})], [publication()])
    assert "Under `ten-1k`: measured on 2026-01-01 by upecho 1 on A CPU (2 cores), Linux 6, with CPython 3; " in text
    assert "up to 5 rounds of trials of 0.5 s." in text
