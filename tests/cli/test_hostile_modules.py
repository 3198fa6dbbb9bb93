"""What the module of an event loop does when it is imported does not reach the process of upecho itself."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from upecho.measure.results import Results

Upecho = Callable[..., "subprocess.CompletedProcess[str]"]
HOSTILE = """\
import asyncio, atexit, os, signal, threading, time

threading.Thread(target=time.sleep, args=(600,)).start()
atexit.register(os._exit, 0)
signal.signal(signal.SIGINT, signal.SIG_IGN)
os.write(2, b"noise")
os.chdir("/")
new_event_loop = asyncio.new_event_loop
"""
TARGETS = ("asyncio+hostile:new_event_loop", "asyncio+aborts:new_event_loop", "selectors")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "hostile.py").write_text(HOSTILE)
    (tmp_path / "aborts.py").write_text("import os; os.abort()")
    return tmp_path


def test_check_of_a_hostile_module_ends_with_the_right_status_and_file(upecho: Upecho, directory: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(directory)}
    selected = ("--check", "echo-hello", "--family", "inet", "--json", "verdicts.json")
    done = upecho("check", *TARGETS, *selected, cwd=directory, env=environment)
    assert done.returncode == 1
    assert "noise" not in done.stdout + done.stderr
    found = json.loads((directory / "verdicts.json").read_text())
    assert [one["verdict"] for one in found["verdicts"]] == ["passed", "passed"]
    assert list(found["unusable"]) == [TARGETS[1]]


def test_bench_of_a_hostile_module_ends_with_the_right_status_and_file(upecho: Upecho, directory: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(directory)}
    small = ("--rounds", "1", "--seconds", "0.03", "--scenario", "throughput", "--family", "unix", "--no-check")
    done = upecho("bench", *TARGETS, *small, "--save", "results.json", cwd=directory, env=environment)
    assert done.returncode == 1
    assert "noise" not in done.stdout + done.stderr
    results = Results.from_json((directory / "results.json").read_text())
    assert {one.cell.target for one in results.trials if one.load} >= {"selectors", TARGETS[0]}
