"""A run keeps what it has measured, and knows whether it came to its end."""

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator

import pytest

from tests.made_up import trial
from tests.measure.test_rounds import CELLS
from upecho.measure import rounds
from upecho.measure.plan.cell_plan import every_cell
from upecho.measure.plan.cells import Reference
from upecho.measure.plan.scenarios import DEFAULT_SCENARIOS
from upecho.measure.plan.settings import Limits, RunSettings, Window
from upecho.measure.run import Run
from upecho.measure.trials import Trial
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.serving.target import Target
from upecho.support.errors import HarnessError

SETTINGS = RunSettings(Window(0.01, 0.02, 1, "python"), Limits(1, 60.0))
TRIALS = [trial("a", 1, None, "1 reset"), trial("b", 1, None, "1 reset")]


def a_run(monkeypatch: pytest.MonkeyPatch, *, fails: bool) -> Run:
    def measure(*_: object, **__: object) -> Iterator[Trial]:
        yield from TRIALS
        if fails:
            raise HarnessError("the engine ended")

    monkeypatch.setattr(rounds, "measure", measure)
    return Run(CELLS, SETTINGS)


def test_run_that_came_to_its_end_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    run = a_run(monkeypatch, fails=False)
    for _ in run.measure(lambda _cell, _round: None):
        assert not run.results().complete
    assert run.results().complete
    assert list(run.results().trials) == TRIALS


def test_run_that_failed_is_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    run = a_run(monkeypatch, fails=True)
    with contextlib.suppress(HarnessError):
        list(run.measure(lambda _cell, _round: None))
    assert not run.results().complete
    assert list(run.results().trials) == TRIALS


def test_results_name_the_reference_of_the_run() -> None:
    settings = dataclasses.replace(SETTINGS, reference=Reference("b", "3.14.0"))
    assert Run(CELLS, settings).results().reference == settings.reference


def test_results_name_the_packages_of_each_python(monkeypatch: pytest.MonkeyPatch) -> None:
    targets = [Target.implementation(text) for text in ("asyncio+uvloop", "trio", "selectors")]
    pythons = {version: Interpreter(f"/bin/{version}", f"CPython {version}") for version in ("3.13.0", "3.14.0")}

    def found(one: Interpreter, texts: Iterable[str]) -> dict[str, str]:
        return {text: f"as of {one.version}" for text in sorted(texts) if "3.14" in one.version}

    monkeypatch.setattr(Interpreter, "versions", found)
    cells = every_cell(targets, [Family.UNIX], DEFAULT_SCENARIOS, pythons=pythons)
    here = every_cell(targets, [Family.UNIX], DEFAULT_SCENARIOS)
    monkeypatch.setattr("upecho.measure.run.versions", lambda texts: dict.fromkeys(sorted(texts), "here"))
    names = ("asyncio+uvloop", "selectors", "trio")
    assert Run(cells, SETTINGS).results().packages == {"3.14.0": dict.fromkeys(names, "as of CPython 3.14.0")}
    assert Run(here, SETTINGS).results().packages == {"": dict.fromkeys(names, "here")}


def test_run_without_cells_is_complete() -> None:
    run = Run([], SETTINGS)
    assert list(run.measure(lambda _cell, _round: None)) == []
    assert run.results().complete
