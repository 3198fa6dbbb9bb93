"""``upecho bench --engine-cores``: what is refused, and that each core gets a thread."""

import functools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from upecho.cli.bench import engine_cores
from upecho.load.engine import best
from upecho.measure.cores import Cores
from upecho.measure.results import Results

Main = Callable[..., tuple[int, str, str]]
TINY = ("--rounds", "1", "--seconds", "0.03", "--no-check", "--scenario", "throughput", "--family", "unix")

needs_two_cores = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="this needs two cores"
)


@pytest.fixture
def main(upecho_here: Main) -> Main:
    return functools.partial(upecho_here, "bench", "selectors", *TINY)


@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "", "3-1", "2-", "0,,1"])
def test_wrong_number_of_cores_is_explained(value: str, main: Main) -> None:
    right = "a number of cores from 1, or a list of cores such as 2,4-7"
    assert main("--engine-cores", value) == (2, "", f"upecho: --engine-cores is {value!r}; it must be {right}\n")


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no processor affinity")
def test_more_cores_than_there_are_is_one_line(main: Main) -> None:
    count = len(os.sched_getaffinity(0))
    for value, what in ((str(count + 1), f"{count + 1} cores"), ("60000-60001", "cores 60000-60001")):
        status, out, error = main("--engine-cores", value)
        assert (status, out, error.count("\n")) == (2, "", 1)
        assert error.startswith(f"upecho: the load engine cannot have {what}: this process may use core")


def test_python_engine_has_one_thread(main: Main, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cores, "divided", lambda _wanted: Cores((0, 1), (2,)))
    message = "upecho: --engine-cores: the load engine 'python' has one thread; use --engine native\n"
    assert main("--engine-cores", "2", "--engine", "python") == (2, "", message)


@needs_two_cores
@pytest.mark.skipif(best() != "native", reason="the C extension was not built")
def test_each_core_of_the_engine_has_a_thread(main: Main, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two cores must do for this test, so the servers share them, and a trial this short may be void."""
    both = tuple(sorted(os.sched_getaffinity(0))[:2])
    monkeypatch.setattr(engine_cores, "divided", lambda _wanted, _engine: Cores(both, both))
    _, out, _ = main("--engine-cores", "2", "--save", str(tmp_path / "results.json"))
    results = Results.from_json((tmp_path / "results.json").read_text())
    assert results.environment.cores.engine == both
    assert {(trial.load.threads if trial.load else 0, trial.failure) for trial in results.trials} == {(2, "")}
    assert f"on cores {both[0]}" in " ".join(out.split())


@needs_two_cores
def test_single_core_can_be_chosen_by_its_number(main: Main, tmp_path: Path) -> None:
    core = max(os.sched_getaffinity(0))
    assert main("--engine-cores", f"{core}-{core}", "--save", str(tmp_path / "results.json"))[0] == 0
    cores = Results.from_json((tmp_path / "results.json").read_text()).environment.cores
    assert cores.engine == (core,)
    assert core not in cores.servers
