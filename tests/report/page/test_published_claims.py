"""Published claims on a page: beside each is what the same servers showed here, or why nothing is shown."""

import dataclasses
from typing import Any

import pytest

from tests.made_up import MACHINE, cell
from tests.report.page.samples import publication, results
from upecho.measure.results import Results
from upecho.measure.statistics.costs import Costs
from upecho.measure.statistics.quantities import INTERVAL
from upecho.measure.statistics.ratios import paired
from upecho.report.page.building.page import page
from upecho.report.page.inputs.files import Inputs
from upecho.report.page.model.published import PublishedClaim

pytestmark = pytest.mark.once


def replaced(one: Any, target: str) -> Any:
    """Return a trial or a requested cell that is about another target."""
    return dataclasses.replace(one, cell=dataclasses.replace(one.cell, target=target))


def claims(*runs: Results) -> tuple[PublishedClaim, ...]:
    files = {f"run-{number}.json": one for number, one in enumerate(runs, 1)}
    (source,) = page(Inputs(files, {}, {"claims.toml": (publication(),)})).published
    return source.claims


def test_measured_ratio_is_that_of_the_statistics() -> None:
    measured, *_ = claims(results())
    assert measured.nearest
    rates = Costs(results().trials, quantity=INTERVAL)
    assert measured.nearest.rate == paired(rates.pairs(cell("asyncio", "inet"), cell("asyncio+uvloop", "inet")))
    assert measured.nearest.has_interval
    assert measured.missing == ""


def test_measurement_has_its_conditions_and_its_file() -> None:
    odd = dataclasses.replace(results(), packages={"": {"uvloop": "0.23", "trio": "1"}})
    measured, *_ = claims(odd)
    assert measured.nearest
    conditions = measured.nearest.conditions
    assert conditions["servers"] == "asyncio+uvloop to asyncio"
    assert conditions["load"].startswith("chat: ")
    assert conditions["load"].endswith(" over inet")
    assert conditions["versions"] == f"{MACHINE.python}, uvloop 0.23"
    assert MACHINE.cpu in conditions["machine"]
    assert conditions["method"].startswith("5 rounds with a fresh process of each server")
    assert conditions["file"] == measured.nearest.run == "run-1.json"


def test_claim_without_a_measurement_says_why() -> None:
    _, unmeasured, incomparable = claims(results())
    assert (unmeasured.nearest, unmeasured.missing) == (None, "not measured")
    assert (incomparable.nearest, incomparable.missing) == (None, "not comparable")
    assert incomparable.remark == "The client differs."


def test_server_that_failed_is_named() -> None:
    requested = [one for one in results().requested if one.cell.target == "asyncio+uvloop"]
    lost = tuple(replaced(one, target="asyncio+rloop") for one in requested)
    _, unmeasured, _ = claims(dataclasses.replace(results(), requested=(*results().requested, *lost)))
    assert unmeasured.missing == "not measured: asyncio+rloop has no trial"


def test_target_that_names_the_loop_of_asyncio_is_the_same_server() -> None:
    def renamed(target: str) -> str:
        return "asyncio+asyncio" if target == "asyncio" else target

    made = results()
    trials = tuple(replaced(one, target=renamed(one.cell.target)) for one in made.trials)
    requested = tuple(replaced(one, target=renamed(one.cell.target)) for one in made.requested)
    measured, *_ = claims(dataclasses.replace(made, trials=trials, requested=requested))
    assert measured.nearest
    assert (measured.nearest.a, measured.nearest.b) == ("asyncio+uvloop", "asyncio+asyncio")


def test_server_that_fails_checks_is_named() -> None:
    requested = tuple(
        dataclasses.replace(one, failed_checks=("half-close",)) if one.cell.target == "asyncio+uvloop" else one
        for one in results().requested
    )
    measured, *_ = claims(dataclasses.replace(results(), requested=requested))
    assert measured.nearest
    assert measured.nearest.note == "asyncio+uvloop fails 1 check"


def test_first_file_that_has_both_servers_counts() -> None:
    without = dataclasses.replace(
        results(), requested=tuple(one for one in results().requested if one.cell.target != "asyncio+uvloop")
    )
    measured, *_ = claims(without, results())
    assert measured.nearest
    assert measured.nearest.run == "run-2.json"


def test_no_interval_is_shown_with_too_few_rounds() -> None:
    few = dataclasses.replace(results(), trials=tuple(one for one in results().trials if one.round < 3))
    measured, *_ = claims(few)
    assert measured.nearest
    assert not measured.nearest.has_interval
    assert measured.nearest.note == "2 rounds, too few for an interval"
