"""``upecho bench`` with commands: each is measured once, over the families whose addresses it takes."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes.commands import serve
from upecho.load.engine import best
from upecho.measure.results import Results

pytestmark = pytest.mark.once

BASELINES = ["native"] if best() == "native" else []
TINY = ("--rounds", "1", "--seconds", "0.03", "--scenario", "throughput")

Main = Callable[..., tuple[int, str, str]]


def measured(file: Path) -> list[tuple[str, str, str]]:
    """Return the target, the Python and the family of each cell that was measured."""
    trials = Results.from_json(file.read_text()).trials
    assert all(one.is_valid for one in trials), trials
    return sorted({(one.cell.target, one.cell.python, str(one.cell.family)) for one in trials})


def test_command_is_checked_and_measured(
    upecho: Callable[..., "subprocess.CompletedProcess[str]"], tmp_path: Path
) -> None:
    file, target = tmp_path / "results.json", f"cmd:{serve('selectors')}"
    done = upecho("bench", target, *TINY, "--family", "abstract", "--save", str(file))
    assert done.returncode == 0, done.stderr
    assert done.stderr.split("\n")[0] == "checking conformance"
    assert measured(file) == [(one, "", "abstract") for one in (target, *BASELINES)]
    assert list(tmp_path.iterdir()) == [file]


def test_command_is_not_run_by_each_python(upecho_here: Main, tmp_path: Path) -> None:
    file, target = tmp_path / "results.json", f"cmd:{serve('selectors')}"
    status, _, _ = upecho_here("bench", target, "--python", "all", *TINY, "--no-check", "--save", str(file))
    assert status == 0
    expected = [(one, "", family) for one in (target, *BASELINES) for family in ("inet", "unix")]
    assert measured(file) == sorted(expected)


def test_command_is_not_measured_over_a_family_whose_addresses_it_does_not_take(upecho_here: Main) -> None:
    status, shown, _ = upecho_here("bench", "cmd:sleep 9 {path}", "threads", *TINY, "--family", "inet", "--no-check")
    assert status == 0
    assert "cmd:sleep 9 {path} unsupported: takes no address of inet" in shown


def test_command_that_fails_a_check_is_not_measured(upecho_here: Main) -> None:
    target = "cmd:sh -c 'echo no such table >&2; exit 4' {address}"
    status, shown, said = upecho_here("bench", target, *TINY, "--family", "unix")
    assert status == 1
    assert "fails 1 check" in shown
    (line,) = (line for line in said.splitlines() if line.startswith(f"{target} over unix fails "))
    assert "exit status 4" in line
    assert "no such table" in line


def test_command_may_serve_few_clients_at_once(upecho_here: Main) -> None:
    arguments = (*TINY, "--family", "unix", "--no-check", "--max-clients", "3")
    status, shown, _ = upecho_here("bench", "cmd:sleep 9 {path}", *arguments)
    assert status == 0
    assert "unsupported: serves at most 3 clients" in shown


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("cmd:sleep 9", "no placeholder in the command"),
        ("cmd:no-such-program {address}", "no program 'no-such-program'"),
        ("./server", 'for a program write "cmd:./server {address}"'),
    ],
)
def test_wrong_command_is_reported(upecho_here: Main, target: str, reason: str) -> None:
    status, shown, said = upecho_here("bench", target, *TINY)
    assert (status, shown) == (2, "")
    assert said.count("\n") == 1
    assert reason in said
