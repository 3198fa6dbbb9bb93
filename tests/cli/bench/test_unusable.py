"""A target whose code cannot be loaded is reported with its reason, and the others are measured."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from upecho.measure.results import Results

SMALL = ("--rounds", "1", "--seconds", "0.03", "--scenario", "throughput", "--family", "unix")
LOOPS = {
    "exits": ("import os; os._exit(7)", "import failed: a process that tried it ended with exit status 7"),
    "crashes": ("import os; os.abort()", "import failed: a process that tried it was killed by SIGABRT"),
    "raises": ("raise OSError('no such device')", "import failed: OSError: no such device"),
    "returns_none": ("new_event_loop = lambda: None", "its factory returned None, which is not an event loop"),
}

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(directory: Path) -> dict[str, str]:
    """The environment of a command that finds a module for each way of being unusable."""
    for name, (code, _) in LOOPS.items():
        (directory / f"{name}.py").write_text(f"{code}\n")
    return os.environ | {"PYTHONPATH": str(directory)}


@pytest.mark.unmeasured
@pytest.mark.parametrize("check", [(), ("--no-check",)], ids=["checked", "unchecked"])
def test_others_are_measured(upecho: Run, environment: dict[str, str], check: tuple[str, ...], tmp_path: Path) -> None:
    names = [f"asyncio+{name}:new_event_loop" for name in LOOPS]
    file = tmp_path / "results.json"
    done = upecho("bench", *names, "exits:serve", "selectors", *SMALL, *check, "--save", str(file), env=environment)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    text = " ".join(done.stdout.split())
    for name, (_, reason) in zip(names, LOOPS.values(), strict=True):
        assert f"not measuring {name}: {reason}" in done.stderr
        assert f"{name} unusable: {reason}" in text
    results = Results.from_json(file.read_text())
    assert {trial.cell.target for trial in results.trials} >= {"selectors"}
    assert {one.cell.target for one in results.requested if one.unusable} == {*names, "exits:serve"}


def test_nothing_is_measured_if_no_target_is_usable(upecho: Run, environment: dict[str, str]) -> None:
    done = upecho("bench", "exits:serve", *SMALL, env=environment)
    assert done.returncode == 1
    assert "unusable: import failed" in done.stdout
    assert "native" not in done.stdout
    assert "checking conformance" not in done.stderr
    assert "passed the MUST checks" not in done.stdout


def test_wrong_name_is_still_an_error_of_the_caller(upecho: Run, environment: dict[str, str]) -> None:
    done = upecho("bench", "asyncio+nosuch", "exits:serve", *SMALL, env=environment)
    assert done.returncode == 2
    assert "unknown loop 'nosuch'" in done.stderr
