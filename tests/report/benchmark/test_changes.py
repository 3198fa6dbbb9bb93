"""The report of a comparison fits the terminal, and claims no more than is known."""

import dataclasses
import io
from typing import Literal

import pytest
from rich.console import Console, RenderableType

from tests.made_up import MACHINE, requested, run
from upecho.measure.cores import Cores
from upecho.measure.plan.settings import Window
from upecho.measure.results import Results
from upecho.measure.statistics.changes import Changes
from upecho.report.benchmark.changes import changes, without_answer

pytestmark = pytest.mark.once

STEADY = [4.0, 4.04, 3.96, 4.0, 4.04, 3.96]
COSTLIER = [1.1 * cost for cost in STEADY]
CHEAPER = [0.9 * cost for cost in STEADY]
BASELINE = [2.0] * 6

BASE = run({"native": BASELINE, "a": STEADY, "b": STEADY, "c": STEADY, "d": STEADY, "e": STEADY})
LATER = run(
    {"native": BASELINE, "c": STEADY, "a": COSTLIER, "b": CHEAPER, "d": STEADY[:2], "e": "3 mismatch"},
    environment=dataclasses.replace(MACHINE, started="2026-01-02", upecho="2"),
)


def rendered(shown: RenderableType, width: int = 80, *, terminal: bool = False) -> str:
    file = io.StringIO()
    colors: Literal["standard"] | None = "standard" if terminal else None
    Console(file=file, width=width, highlight=False, color_system=colors).print(shown)
    return file.getvalue()


def text_of(base: Results, new: Results) -> str:
    """Return the report on one line, with single spaces."""
    return " ".join(rendered(changes(Changes(base, new), 80)).split())


EXPECTED = """\
chat  64 connections, 1 KiB messages

over unix BASE µs NEW µs ratio    ±
c            4.00   4.00 1.000 1.2% no difference detected
a            4.00   4.40 1.100 1.2% costs more
b            4.00   3.60 0.900 1.2% costs less
d            4.00   4.02 1.005    ? too few rounds

not compared (NEW: failed: 3 mismatch): e over unix in chat

µs: CPU time of the server per request, median of the trials of a run
ratio: cost in NEW relative to BASE. Each cost is divided by that of native, the
baseline, in the same round, which cancels a slowdown of the machine; native
itself is not compared (its ratio: 1.000).
±: half of the ratio's 95% interval, as a share of the ratio
A claimed difference has p < 5%, corrected for all comparisons (Holm), and
exceeds A/A, also without the division.
? fewer than 4 rounds: too few for an interval, and for claiming a difference
BASE 2026-01-01 · upecho 1 · CPython 3 · Linux 6 · A CPU · load engine native ·
6 rounds of 0.5 s
NEW  2026-01-02 · upecho 2 · CPython 3 · Linux 6 · A CPU · load engine native ·
6 rounds of 0.5 s
"""


def test_report_as_a_whole() -> None:
    text = rendered(changes(Changes(BASE, LATER), 80))
    assert "\n".join(line.rstrip() for line in text.splitlines()) + "\n" == EXPECTED


@pytest.mark.parametrize("width", [64, 80, 120])
def test_report_fits_the_terminal_and_no_figure_is_cut(width: int) -> None:
    names = ["a.very.long.module.name:and_attribute", "asyncio-protocol+uvloop", "[bold]"]
    huge = [1e6 * cost for cost in STEADY]
    found = Changes(run(dict.fromkeys(names, huge)), run(dict.fromkeys([*names, "x" * 90], huge)))
    text = rendered(changes(found, width), width)
    assert max(map(len, text.splitlines())) <= width
    assert text.count("4 000 000 4 000 000 1.000") == len(names)
    assert text.count("no difference detected\n") == len(names)
    assert "[bold]" in text


@pytest.mark.parametrize("width", [64, 80, 120])
def test_names_are_whole_where_there_is_room_and_never_read_alike(width: int) -> None:
    names = [f"asyncio-protocol+my_{kind}_loops.{speed}:new_event_loop" for kind in "ab" for speed in ("fast", "slow")]
    found = Changes(run(dict.fromkeys(names, STEADY)), run(dict.fromkeys(names, STEADY)))
    lines = [line for line in rendered(changes(found, width), width).splitlines() if "no difference" in line]
    shown = [line.split()[0] for line in lines]
    assert len(set(shown)) == len(names)
    assert width < 120 or shown == names


def test_only_terminals_get_colours() -> None:
    found = Changes(BASE, LATER)
    assert "\x1b" not in rendered(changes(found, 80))
    shown = rendered(changes(found, 80), terminal=True)
    assert "\x1b[31mcosts more" in shown
    assert "\x1b[32mcosts less" in shown


def test_tables_are_in_the_order_of_the_later_run() -> None:
    new = run({"a": COSTLIER}, families=("unix", "inet"))
    text = text_of(run({"a": STEADY}, families=("inet", "unix")), new)
    assert text.index("over unix BASE") < text.index("over inet BASE")


def test_cells_that_are_not_compared_share_a_line_per_reason() -> None:
    base = run(dict.fromkeys("abcdefg", STEADY) | {"h": "1 reset"})
    text = text_of(base, run({"a": STEADY, "h": STEADY}))
    assert "not compared (BASE: failed: 1 reset): h over unix in chat" in text
    names = ", ".join(f"{name} over unix in chat" for name in "bcde")
    assert f"not compared (only in BASE): {names} and 2 more" in text


def test_missing_baseline_is_pointed_out() -> None:
    warning = "are not divided by a baseline, so a slower machine looks like a more expensive server."
    assert f"Costs {warning}" in text_of(run({"a": STEADY}), run({"a": STEADY}))
    assert warning not in text_of(BASE, LATER)
    other = run({"a": STEADY}, families=("inet",))
    both = dataclasses.replace(BASE, requested=BASE.requested + other.requested, trials=BASE.trials + other.trials)
    assert f"In chat over inet, costs {warning}" in text_of(both, both)


def test_floor_and_disturbances_are_shown() -> None:
    base = run({"a": STEADY}, copies={"a": COSTLIER}, disturbed=1)
    text = text_of(base, run({"a": STEADY}, disturbed=2))
    assert "A/A: the same server measured twice in a run differs from itself by up to 10%." in text
    assert "17% of the trials of BASE were disturbed. " in text
    assert "33% of the trials of NEW were disturbed: the machine was too busy to draw conclusions." in text
    assert "% machine too busy µs:" in text


def test_cpu_quota_of_a_run_is_reported() -> None:
    text = text_of(run({"a": STEADY}), run({"a": STEADY}, throttled=2))
    assert "A CPU quota stopped the load engine or the server in 33% of the trials of NEW: nothing can be" in text
    assert "the trials of BASE" not in text


def test_target_that_fails_checks_is_marked() -> None:
    new = run({"a": STEADY}, requested=(requested("a", failed_checks=("echo-hello",)),))
    text = text_of(run({"a": STEADY}), new)
    assert "a ! 4.00" in text
    assert "Some servers fail conformance checks (marked ! where they do so in NEW)" in text


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"cpu": "B CPU"}, "different machines: A CPU and B CPU; the ratios include that difference"),
        ({"system": "Linux 7"}, "different machines: Linux 6 and Linux 7; "),
        ({"cores": Cores((0,), (1, 2)), "core_count": 3}, "on core 0, servers on 1 of 2 and load engine on core 0, "),
        ({"cores": Cores()}, "servers on 1 of 2 and load engine and servers on the same of 2 cores; "),
    ],
)
def test_different_machine_is_pointed_out(change: dict[str, object], shown: str) -> None:
    new = run({"a": STEADY}, environment=dataclasses.replace(MACHINE, **change))  # type: ignore[arg-type]
    assert shown in text_of(run({"a": STEADY}), new)
    assert "different machines" not in text_of(new, new)


def test_other_pythons_and_windows_are_shown() -> None:
    new = run({"a": STEADY}, pythons={"3.14.0": "CPython 3.14.0"}, window=Window(0.1, 2.0, 0, "native"))
    assert "servers on CPython 3.14.0" in text_of(run({"a": STEADY}), new)
    assert "6 rounds of 2 s" in text_of(run({"a": STEADY}), new)


def test_cells_without_an_answer_are_named() -> None:
    assert [line.plain for line in without_answer(Changes(BASE, LATER))] == [
        "--fail-above: broken since BASE: e over unix in chat",
        "--fail-above: undecided: 1 of 4 cells",
    ]
    assert not list(without_answer(Changes(BASE, BASE)))
    busy = run({"a": STEADY}, disturbed=6)
    assert [line.plain for line in without_answer(Changes(busy, busy))] == ["--fail-above: undecided: 1 of 1 cells"]
