"""What is said of two runs fits the terminal, and says no more than is known."""

import dataclasses
import io
from typing import Literal

import pytest
from rich.console import Console, RenderableType

from tests.made_up import MACHINE, run
from upecho.measure.cores import Cores
from upecho.measure.results import Results, Wanted
from upecho.measure.statistics.changes import Changes
from upecho.measure.trials import Window
from upecho.report.benchmark.changes import changes, limit

STEADY = [4.0, 4.04, 3.96, 4.0, 4.04, 3.96]
DEARER = [1.1 * cost for cost in STEADY]
CHEAPER = [0.9 * cost for cost in STEADY]
BASELINE = [2.0] * 6

BASE = run({"native": BASELINE, "a": STEADY, "b": STEADY, "c": STEADY, "d": STEADY, "e": STEADY})
LATER = run(
    {"native": BASELINE, "c": STEADY, "a": DEARER, "b": CHEAPER, "d": STEADY[:2], "e": "3 mismatch"},
    environment=dataclasses.replace(MACHINE, started="2026-01-02", upecho="2"),
)


def rendered(shown: RenderableType, width: int = 80, *, terminal: bool = False) -> str:
    file = io.StringIO()
    colors: Literal["standard"] | None = "standard" if terminal else None
    Console(file=file, width=width, highlight=False, color_system=colors).print(shown)
    return file.getvalue()


def text_of(base: Results, new: Results) -> str:
    """Return it without line breaks and other blanks."""
    return " ".join(rendered(changes(Changes(base, new), 80)).split())


EXPECTED = """\
chat  64 connections, 1 KiB messages

over unix BASE µs NEW µs ratio    ±
c            4.00   4.00 1.000 1.2% no difference detected
a            4.00   4.40 1.100 1.2% costs more
b            4.00   3.60 0.900 1.2% costs less
d            4.00   4.02 1.005    ? too few rounds to tell

not compared (NEW: failed: 3 mismatch): e over unix in chat

µs: CPU time that a request costs the server, the median of the run's trials.
ratio: cost in NEW to cost in BASE; ± half of its 95 % interval. Each cost is
divided by that of native, the baseline, in its round, which cancels what the
machine was slower by; native is not compared itself (its own ratio: 1.000).
A difference has p < 5 %, corrected for all comparisons (Holm), and is beyond
A/A, in the undivided costs too.
? fewer than 4 rounds: too few for an interval, or to call anything a difference
BASE 2026-01-01 · upecho 1 · CPython 3 · Linux 6 · A CPU · load engine native ·
6 rounds of 0.5 s
NEW  2026-01-02 · upecho 2 · CPython 3 · Linux 6 · A CPU · load engine native ·
6 rounds of 0.5 s
"""


def test_what_is_shown() -> None:
    text = rendered(changes(Changes(BASE, LATER), 80))
    assert "\n".join(line.rstrip() for line in text.splitlines()) + "\n" == EXPECTED


@pytest.mark.parametrize("width", [64, 80, 120])
def test_no_line_is_wider_than_the_terminal_and_no_figure_is_cut(width: int) -> None:
    names = ["a.very.long.module.name:and_attribute", "asyncio-protocol+uvloop", "[bold]"]
    huge = [1e6 * cost for cost in STEADY]
    found = Changes(run(dict.fromkeys(names, huge)), run(dict.fromkeys([*names, "x" * 90], huge)))
    text = rendered(changes(found, width), width)
    assert max(map(len, text.splitlines())) <= width
    assert text.count("4 000 000 4 000 000 1.000") == len(names)
    assert text.count("no difference detected\n") == len(names)
    assert "[bold]" in text


def test_colours_are_for_terminals_only() -> None:
    found = Changes(BASE, LATER)
    assert "\x1b" not in rendered(changes(found, 80))
    shown = rendered(changes(found, 80), terminal=True)
    assert "\x1b[31mcosts more" in shown
    assert "\x1b[32mcosts less" in shown


def test_each_family_has_a_table_in_the_order_of_the_later_run() -> None:
    new = run({"a": DEARER}, families=("unix", "inet"))
    text = text_of(run({"a": STEADY}, families=("inet", "unix")), new)
    assert text.index("over unix BASE") < text.index("over inet BASE")


def test_what_is_not_compared_is_said_briefly() -> None:
    base = run(dict.fromkeys("abcdefg", STEADY) | {"h": "1 reset"})
    text = text_of(base, run({"a": STEADY, "h": STEADY}))
    assert "not compared (BASE: failed: 1 reset): h over unix in chat" in text
    names = ", ".join(f"{name} over unix in chat" for name in "bcde")
    assert f"not compared (only in BASE): {names} and 2 more" in text


def test_without_a_baseline_the_machine_counts() -> None:
    assert "a slower machine looks like a dearer server: here." in text_of(run({"a": STEADY}), run({"a": STEADY}))
    assert "dearer server" not in text_of(BASE, LATER)
    other = run({"a": STEADY}, families=("inet",))
    both = dataclasses.replace(BASE, wanted=BASE.wanted + other.wanted, trials=BASE.trials + other.trials)
    assert "looks like a dearer server: chat over inet." in text_of(both, both)


def test_what_the_same_server_differs_by_and_what_disturbed_are_said() -> None:
    base = run({"a": STEADY}, copies={"a": DEARER}, disturbed=1)
    text = text_of(base, run({"a": STEADY}, disturbed=2))
    assert "A/A: the same server measured twice in a run differs from itself by up to 10%." in text
    assert "17% of the trials of BASE were disturbed. " in text
    assert "33% of the trials of NEW were disturbed: the machine was too busy to conclude." in text
    assert "% too busy to conclude µs:" in text


def test_numbers_of_what_fails_checks_are_marked() -> None:
    new = run({"a": STEADY}, wanted=(Wanted("a", "unix", "chat", failed_checks=("echo-hello",)),))
    text = text_of(run({"a": STEADY}), new)
    assert "a ! 4.00" in text
    assert "Some fail conformance checks" in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cpu": "B CPU"}, "other machine: A CPU and B CPU; the figures compare machines as well as servers"),
        ({"system": "Linux 7"}, "other machine: Linux 6 and Linux 7; "),
        ({"cores": Cores((0,), (1, 2)), "core_count": 3}, "on core 0, servers on 1 of 2 and load engine on core 0, "),
        ({"cores": Cores()}, "servers on 1 of 2 and load engine and servers on the same of 2 cores; "),
    ],
)
def test_another_machine_is_said(change: dict[str, object], said: str) -> None:
    new = run({"a": STEADY}, environment=dataclasses.replace(MACHINE, **change))  # type: ignore[arg-type]
    assert said in text_of(run({"a": STEADY}), new)
    assert "other machine" not in text_of(new, new)


def test_other_pythons_and_windows_are_told() -> None:
    new = run({"a": STEADY}, pythons={"3.14.0": "CPython 3.14.0"}, window=Window(0.1, 2.0, 0, "native"))
    assert "servers on CPython 3.14.0" in text_of(run({"a": STEADY}), new)
    assert "6 rounds of 2 s" in text_of(run({"a": STEADY}), new)


def test_the_limit_is_one_line_about_what_passed_it() -> None:
    found = Changes(BASE, LATER)
    assert limit(found, 5).plain == (
        "--fail-above: more than 5% dearer: a over unix in chat (1.100); broken since BASE: e over unix in chat; "
        "nothing can be said of 1 of 4 cells"
    )
    assert limit(found, 12.5).plain.startswith("--fail-above: nothing is known to be more than 12.5% dearer; broken")
    same = Changes(BASE, BASE)
    assert limit(same, 0).plain == "--fail-above: nothing is known to be more than 0% dearer"
    busy = run({"a": STEADY}, disturbed=6)
    assert limit(Changes(busy, busy), 5).plain == "--fail-above: nothing can be said of 1 of 1 cells"
    broken = Changes(run({"a": STEADY}), run({"a": "1 reset"}))
    assert limit(broken, 5).plain == "--fail-above: broken since BASE: a over unix in chat"
