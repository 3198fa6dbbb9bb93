"""Columns that users choose replace the usual ones in every kind of table, and the footer says what they show."""

import dataclasses
import io
from typing import Any

import pytest
from rich.console import Console

from tests.made_up import CHAT, cell, load, requested, run
from tests.measure.statistics.test_crossings import of_ladder
from upecho.measure.plan.scenarios import curve
from upecho.measure.plan.settings import Window
from upecho.measure.results import Results
from upecho.measure.statistics.summary import Summary
from upecho.measure.trials import SystemCalls, Trial
from upecho.processes.linux.system_calls import Method
from upecho.report.benchmark.columns import COLUMNS, named, number
from upecho.report.benchmark.comparison import comparison
from upecho.support.errors import CallerError

pytestmark = pytest.mark.once


def with_causes(results: Results, calls: SystemCalls | None = None, **use: Any) -> Results:
    """Return a run whose servers have used something else than usual."""
    trials = []
    for one in results.trials:
        assert one.load
        assert one.load.server
        used = dataclasses.replace(one.load, server=dataclasses.replace(one.load.server, **use))
        trials.append(dataclasses.replace(one, load=used, system_calls=calls))
    return dataclasses.replace(results, trials=tuple(trials))


def printed(results: Results, *names: str, width: int = 120) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width, highlight=False)
    console.print(comparison(Summary.of(results), width, named(names)))
    return file.getvalue()


def line_of(name: str, text: str) -> list[str]:
    return next(line for line in text.splitlines() if line.startswith(f"{name} ")).split()


def test_chosen_columns_have_the_given_order() -> None:
    calls = SystemCalls(4050, 1000, Method.COUNTER)
    made = with_causes(run({"a": [5.0] * 4, "b": [9.0] * 4}), calls, voluntary_switches=1500, involuntary_switches=4)
    text = printed(made, "syscalls", "switches", "involuntary", "cpu")
    assert "over unix calls/req switches/req involuntary/req CPU µs/req ratio" in text
    assert line_of("a", text)[:5] == ["a", "4.05", "1.50", "0.004", "5.00"]
    assert "requests/s" not in text
    assert "calls/req: system calls per request; counted in a further load" in text


def test_every_column_has_a_text_and_a_meaning() -> None:
    made = with_causes(
        run({"a": [5.0] * 4}),
        SystemCalls(4050, 1000, Method.COUNTER),
        voluntary_switches=1500,
        peak_bytes=3 << 20,
        system_ns=5_000_000,
    )
    trials = tuple(dataclasses.replace(one, resident_bytes=0) for one in made.trials)
    text = printed(dataclasses.replace(made, trials=trials), *COLUMNS, width=400)
    assert "-" not in line_of("a", text)
    for one in COLUMNS.values():
        assert one.title in text
        assert one.meaning in " ".join(text.split())


def test_what_a_run_does_not_tell_is_said() -> None:
    text = printed(run({"a": [5.0] * 4}), "cpu", "switches", "syscalls")
    assert line_of("a", text)[:4] == ["a", "5.00", "-", "-"]
    assert "switches/req: this run does not tell\n" in text
    assert "calls/req: this run does not tell; upecho bench counts them with --columns syscalls\n" in text


def test_method_is_said_where_it_leaves_something_out() -> None:
    made = with_causes(run({"a": [5.0] * 4}), SystemCalls(2000, 1000, Method.STRACE))
    traced = dataclasses.replace(made, window=Window(0.1, 0.5, 0, "native", Method.STRACE))
    assert "with strace, and therefore without futex(2)" in " ".join(printed(traced, "syscalls").split())


def test_narrow_terminal_divides_columns_among_tables() -> None:
    text = printed(run({"a": [5.0] * 4}), *COLUMNS, width=60)
    assert max(map(len, text.splitlines())) <= 60
    assert "…" not in text
    tables = [line for line in text.splitlines() if line.startswith("over unix")]
    assert len(tables) > 1
    for one in COLUMNS.values():
        assert sum(f" {one.title} " in line for line in tables) == 1


def test_latency_curve_has_a_line_for_each_column() -> None:
    points = curve("open", 4, message_size=64, shares=(10, 90))
    trials = [Trial(cell("a", "unix", point.name), number, load(5.0)) for point in points for number in range(1, 5)]
    cells = tuple(requested("a", "unix", point.name) for point in points)
    text = printed(run({}, scenarios=points, requested=cells, trials=tuple(trials)), "cpu", "p99")
    assert line_of("a", text) == ["a", "CPU", "µs/req", "5.00", "5.00"]
    assert line_of("         ", text) == ["p99", "µs", "1.00", "1.00"]


def test_size_ladder_has_a_line_for_each_family_and_column() -> None:
    text = printed(of_ladder({"inet": (10, 12, 20), "unix": (8, 11, 25)}), "p99", "cpu")
    lines = [line.split() for line in text.splitlines()[3:7]]
    assert [line[-3:] for line in lines] == [
        ["1.00", "1.00", "1.00"],
        ["10.0", "12.0", "20.0"],
        ["1.00", "1.00", "1.00"],
        ["8.00", "11.0", "25.0"],
    ]
    assert [line[:-3] for line in lines] == [
        ["a", "inet", "p99", "µs"],
        ["inet", "CPU", "µs/req"],
        ["unix", "p99", "µs"],
        ["unix", "CPU", "µs/req"],
    ]
    assert "stops being cheaper than inet between 1 KiB and 64 KiB: a" in text


def test_usual_columns_stay_without_a_choice() -> None:
    assert "over unix CPU µs/req requests/s ratio" in printed(run({"a": [5.0] * 4}, scenarios=(CHAT,)))


def test_unknown_column_is_an_error_with_the_known_ones() -> None:
    with pytest.raises(CallerError) as refused:
        named(["cpu", "nope"])
    assert str(refused.value) == f"unknown column 'nope'; known: {', '.join(COLUMNS)}"


def test_column_that_is_named_twice_is_shown_once() -> None:
    assert named(["cpu", "p99", "cpu"]) == [COLUMNS["cpu"], COLUMNS["p99"]]


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.0042, "0.004"), (0.0995, "0.100"), (0.5, "0.50"), (41, "41.0")]
)
def test_small_number_has_three_decimals(value: float, text: str) -> None:
    assert number(value) == text
