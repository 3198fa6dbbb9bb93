"""``upecho show``: the report of a saved run, relative to any of its targets."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.made_up import cell, run
from upecho.measure.plan.cells import BASELINE, Reference
from upecho.measure.results import RequestedCell
from upecho.support.errors import CallerError

COSTS = {BASELINE: [1.0, 1.4, 0.8, 1.1], "a": [2.0, 2.02, 1.98, 2.0], "b": [4.0, 4.0, 4.04, 4.0]}

Main = Callable[..., tuple[int, str, str]]


@pytest.fixture
def main(upecho_here: Main) -> Main:
    """Run the command in this process; return its exit status, stdout and stderr."""
    return functools.partial(upecho_here, "show")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the file of a run whose reference is ``b``."""
    file = tmp_path / "results.json"
    file.write_text(run(COSTS, reference=Reference("b")).to_json())
    return file


def line_of(name: str, text: str) -> list[str]:
    return next(line for line in text.splitlines() if line.startswith(f"{name} ")).split()


@pytest.mark.parametrize(
    ("reference", "ratios"),
    [((), ["0.50", "1.00"]), (("--reference", "a"), ["1.00", "2.01"]), (("--reference", BASELINE), ["1.90", "3.81"])],
)
def test_saved_run_is_shown_relative_to_its_own_or_another_reference(
    reference: tuple[str, ...], ratios: list[str], main: Main, file: Path
) -> None:
    status, out, err = main(str(file), *reference)
    assert (status, err) == (0, "")
    for name, ratio in zip("ab", ratios, strict=True):
        assert ratio in line_of(name, out)


def test_interval_is_that_of_the_pairs_of_both_targets(main: Main, file: Path) -> None:
    def precision(*reference: str) -> float:
        return float(next(word for word in line_of("b", main(str(file), *reference)[1]) if "%" in word).rstrip("%"))

    assert precision("--reference", "a") < 3
    assert precision("--reference", BASELINE) > 30


def test_reference_is_on_the_first_python_of_the_run() -> None:
    cells = [cell("a", cold=True), cell("a", python="3.13.0"), cell("a", python="3.14.0")]
    assert run({}, requested=tuple(map(RequestedCell, cells))).relative_to("a").reference == Reference("a", "3.13.0")


def test_target_that_is_not_in_the_run_is_an_error(refusal: Callable[..., str], file: Path) -> None:
    assert refusal("show", str(file), "--reference", "bb") == "not in this run: unknown target 'bb'; did you mean b?"


def test_file_that_is_no_results_file_is_an_error(refusal: Callable[..., str], tmp_path: Path) -> None:
    assert refusal("show", str(tmp_path / "none")).startswith(f"cannot read {tmp_path}/none: No such file")


def test_reference_may_name_the_interpreter() -> None:
    made = dataclasses.replace(
        run({}, requested=tuple(RequestedCell(cell("a", python=name)) for name in ("old", "new"))),
        pythons={"old": "CPython 3.13.0", "new": "CPython 3.13.0"},
    )
    assert made.relative_to("a").reference == Reference("a", "old")
    assert made.relative_to("a@new").reference == Reference("a", "new")
    with pytest.raises(CallerError, match=r"^not in this run: unknown target 'a@nobody'"):
        made.relative_to("a@nobody")


def test_columns_are_those_that_are_named(main: Main, file: Path) -> None:
    status, out, err = main(str(file), "--columns", "p99, cpu")
    assert (status, err) == (0, "")
    assert "over unix p99 µs CPU µs/req ratio" in out
    assert main(str(file))[1].replace("CPU µs/req requests/s", "") != out


@pytest.mark.parametrize("names", ["nope", "cpu,nope", "cpu,", ""])
def test_unknown_column_is_an_error_of_the_caller(names: str, main: Main, file: Path) -> None:
    status, out, err = main(str(file), "--columns", names)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"upecho: unknown column {names.rsplit(',', maxsplit=1)[-1]!r}; known: cpu, ")
