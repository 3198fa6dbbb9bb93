"""The report on a run of the conformance suite: what it says, in which order, and that it fits the terminal."""

import dataclasses
import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from rich.console import Console

from upecho.conformance.check import Check, Level
from upecho.conformance.run.outcome import Outcome, Verdict
from upecho.report.conformance.matrix import letters
from upecho.report.conformance.recorded import span, written
from upecho.report.conformance.verdicts import verdicts
from upecho.report.layout import cut, name_width, shorten, slices

FAMILIES = ("inet", "inet6", "unix", "abstract")


def check(name: str, topic: str, level: Level = Level.MUST) -> Check:
    return Check(name, topic, level, "", "", False, False, 1, False, frozenset(), False)


CHECKS = (
    check("echo-hello", "bytes"),
    check("half-close", "ends"),
    check("never-run", "ends"),
    check("memory-after-stall", "flow", Level.INFO),
    check("connect-burst", "many clients", Level.SHOULD),
    check("socket-path-too-long", "start stop"),
)
LEVELS = {one.id: one.level.value for one in CHECKS}
DETAIL = "MUST       It answers.\nseen       nothing"


def outcome(
    name: str, verdict: Verdict = Verdict.PASSED, target: str = "a", family: str = "inet", **more: Any
) -> Outcome:
    detail = DETAIL if verdict in (Verdict.FAILED, Verdict.ERROR) else ""
    return Outcome(target, family, name, LEVELS[name], verdict, detail, 0.0, **more)


def run(targets: Sequence[str], families: Sequence[str] = FAMILIES) -> list[Outcome]:
    """A run in which all is well; what is not due over a family is not in it."""
    pairs = [(target, family) for target in targets for family in families]
    outcomes = []
    for number, (target, family) in enumerate(pairs):
        outcomes += [outcome(name, target=target, family=family) for name in ("echo-hello", "half-close")]
        outcomes.append(outcome("memory-after-stall", target=target, family=family, recorded=(number * 3.2, "KiB")))
        outcomes.append(outcome("connect-burst", target=target, family=family))
        if family == "unix":
            outcomes.append(outcome("socket-path-too-long", target=target, family=family))
    return outcomes


def wrong() -> list[Outcome]:
    """A run of two targets in which everything happens that can."""
    changes: dict[tuple[str, str, str], dict[str, Any]] = {
        ("one", "inet", "echo-hello"): {"verdict": Verdict.FAILED, "detail": DETAIL},
        ("one", "unix", "echo-hello"): {"verdict": Verdict.FAILED, "detail": DETAIL},
        ("one", "inet", "half-close"): {"verdict": Verdict.ERROR, "detail": DETAIL},
        ("one", "inet6", "connect-burst"): {"verdict": Verdict.FAILED, "detail": DETAIL},
        ("two", "inet", "half-close"): {"verdict": Verdict.FAILED, "detail": DETAIL, "known": "it sends no FIN"},
        ("two", "inet6", "half-close"): {"known": "it sends no FIN"},
        ("two", "unix", "half-close"): {"verdict": Verdict.UNSUPPORTED, "detail": "it declares no such; 2 asked"},
        ("two", "abstract", "half-close"): {"verdict": Verdict.UNSUPPORTED, "works_anyway": True},
    }
    return [
        dataclasses.replace(one, **changes.get((one.target, one.family, one.check), {})) for one in run(("one", "two"))
    ]


def rendered(outcomes: Sequence[Outcome], width: int = 100, *, due: int | None = None, terminal: bool = False) -> str:
    file = io.StringIO()
    targets = sorted({one.target for one in outcomes})
    console = Console(file=file, width=width, highlight=False, color_system="standard" if terminal else None)
    console.print(verdicts(outcomes, CHECKS, targets, len(outcomes) if due is None else due, width), crop=False)
    return "".join(line.rstrip() + "\n" for line in file.getvalue().splitlines())


WELL = """\
                             one   two
bytes
  echo-hello         MUST    ....  ....
ends
  half-close         MUST    ....  ....
flow
  memory-after-stall  INFO    ....  ....
many clients
  connect-burst  SHOULD  ....  ....
start stop
  socket-path-too-long      MUST      .     .

. passed
each cell from left to right: inet, inet6, unix, abstract

recorded  memory-
          after-stall
one       0-9.6 KiB
two       13-22 KiB

passed  inet      inet6     unix      abstract
one     4/4       4/4       5/5       4/4
two     4/4       4/4       5/5       4/4

34 checks due: 34 passed, 0 failed, 0 unsupported, 0 error
"""

WRONG = """\
                             one   two
bytes
  echo-hello         MUST    F.F.  ....
ends
  half-close         MUST    E...  x!uU
flow
  memory-after-stall  INFO    ....  ....
many clients
  connect-burst  SHOULD  .f..  ....
start stop
  socket-path-too-long      MUST      .     .

. passed  F failed  f failed SHOULD  x known failure  ! no longer fails as known
u unsupported  U unsupported, but works  E error
each cell from left to right: inet, inet6, unix, abstract

recorded  memory-
          after-stall
one       0-9.6 KiB
two       13-22 KiB

FAILED  echo-hello: one over inet, unix
MUST  It answers.
seen  nothing

ERROR  half-close: one over inet
MUST  It answers.
seen  nothing

FAILED SHOULD  connect-burst: one over inet6
MUST  It answers.
seen  nothing

KNOWN  half-close: two over inet: it sends no FIN
UNSUPPORTED  two: it declares no such: 1 check

passed  inet       inet6      unix       abstract
one     2/4 1F 1E  3/4 1f     4/5 1F     4/4
two     3/4 1x     4/4 1!     4/5 1u     3/4 1U

34 checks due: 27 passed (1 stale), 4 failed (1 SHOULD, 1 known), 2 unsupported
(1 work anyway), 1 error
"""

MANY = """\
A asyncio-protocol-0  B asyncio-protocol-1  C asyncio-protocol-2
D asyncio-protocol-3
                             A     B     C     D
bytes
  echo-hello         MUST    ....  ....  ....  ....
"""


def test_all_is_well() -> None:
    assert rendered(run(("one", "two"))) == WELL


def test_all_that_can_go_wrong_at_80_columns() -> None:
    assert rendered(wrong(), 80) == WRONG


def test_at_100_columns_only_the_long_lines_differ() -> None:
    assert rendered(wrong(), 100).split() == WRONG.split()
    assert "f failed SHOULD  x known failure  ! no longer fails as known  u unsupported\n" in rendered(wrong(), 100)


def test_the_order_in_which_verdicts_came_does_not_show() -> None:
    assert rendered(wrong()[::-1], 80) == WRONG


def test_names_that_do_not_fit_become_letters_and_the_matrix_is_split() -> None:
    text = rendered(run([f"asyncio-protocol-{number}" for number in range(8)]), 65)
    assert text.startswith(MANY)
    assert text.count("  half-close  ") == 2
    assert "\nE asyncio-protocol-4  F" in text


def test_one_target_over_one_family_needs_no_counts() -> None:
    lines = rendered(run(["one"], ["inet"]), 100).splitlines()
    assert lines[:3] == ["                             one", "bytes", "  echo-hello         MUST    ."]
    assert "over inet" in lines
    assert not any(line.startswith("passed") for line in lines)


@pytest.mark.parametrize(
    "name", ["one", "asyncio-protocol+uvloop", "cmd:./server --some " + "option " * 20 + "{address}"]
)
@pytest.mark.parametrize("count", [1, 2, 10, 14, 30])
@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 100, 120])
def test_no_line_is_wider_than_the_terminal(width: int, count: int, name: str) -> None:
    outcomes = run([f"{name} {number}" for number in range(count)])
    outcomes[0] = dataclasses.replace(outcomes[0], verdict=Verdict.FAILED, known="a reason " * 20)
    text = rendered(outcomes, width)
    assert max(map(len, text.splitlines())) <= width
    assert text.isascii()
    if width >= 30:
        cells = re.findall(r"(?<= )[.x]{4}(?= |$)", text, re.MULTILINE)
        assert len(cells) == 4 * count, "a verdict is not shown"


LONG = """\
MUST       It answers every client whatever others do.
client         0.371 s  client 1: sending b'message 0;me'… (11890 bytes)
             5.371 s  client 1: RST
           ... 12 more events ...
repeat     upecho check 'cmd:./server --with --a --long --command --line {address}' --family inet --check echo-hello
"""

WRAPPED = """\
FAILED  echo-hello: a over inet
MUST    It answers every client whatever
        others do.
client      0.371 s  client 1: sending
                   b'message 0;me'… (11890
                   bytes)
          5.371 s  client 1: RST
        ... 12 more events ...
repeat  upecho check 'cmd:./server --with --a --long --command --line {address}' --family inet --check echo-hello
"""


@pytest.mark.parametrize("terminal", [True, False])
def test_lines_are_wrapped_below_their_text_but_what_is_pasted_is_not(terminal: bool) -> None:
    one = dataclasses.replace(outcome("echo-hello", Verdict.FAILED), detail=LONG)
    assert WRAPPED in re.sub(r"\x1b\[[0-9;]*m| +$", "", rendered([one], 42, terminal=terminal), flags=re.MULTILINE)


def test_what_is_flaky_is_shown() -> None:
    flaky: dict[str, Any] = {"known": "a race", "flaky": True}
    ran = [outcome("echo-hello", **flaky), outcome("echo-hello", Verdict.FAILED, family="unix", **flaky)]
    lines = rendered(ran).splitlines()
    assert "  echo-hello  MUST    ~x" in lines
    assert "~ passed, but is known to be flaky" in " ".join(lines)
    assert "FLAKY  echo-hello: a over inet: a race" in lines
    assert "KNOWN  echo-hello: a over unix: a race" in lines
    assert lines[-1] == "2 checks due: 1 passed (1 flaky), 1 failed (1 known), 0 unsupported, 0 error"


def test_colours_only_on_a_terminal() -> None:
    shown = rendered(wrong(), terminal=True)
    assert "\x1b[1;31mF\x1b[0m\x1b[32m.\x1b[0m" in shown
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown).split() == WRONG.split()


def test_verdicts_that_never_came_are_counted() -> None:
    assert rendered([], due=2) == "2 checks due: 0 passed, 0 failed, 0 unsupported, 0 error, 2 without a verdict\n"
    assert rendered(run(["one"]), due=18).endswith("0 error, 1 without a verdict\n")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([(19.2, "KiB"), (22.6, "KiB")], "19-23 KiB"),
        ([(3.81, "ms"), (3.84, "ms")], "3.8 ms"),
        ([(-128.0, "KiB"), (0.0, "KiB")], "-128 to 0 KiB"),
        ([(-0.01, "KiB")], "0 KiB"),
        ([("no harm", ""), ("no harm", "")], "no harm"),
        ([(1.0, "ms"), ("none: reset", "")], "1 ms; none"),
        ([("x" * 100, "")], "xxxxxxxxxxxxxxxxxxxxx..."),
    ],
)
def test_recorded_values_become_a_range(values: list[tuple[float | str, str]], text: str) -> None:
    assert span(values) == text


@pytest.mark.parametrize(("value", "text"), [(9.94, "9.9"), (9.96, "10"), (10.4, "10"), (196000.4, "196 000")])
def test_numbers_have_no_more_digits_than_mean_something(value: float, text: str) -> None:
    assert written(value) == text


@pytest.mark.parametrize(("number", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA")])
def test_columns_are_named_like_those_of_a_spreadsheet(number: int, name: str) -> None:
    assert letters(number) == name


@pytest.mark.parametrize(
    ("shortened", "by", "width", "text"),
    [
        ("asyncio-protocol+uvloop", shorten, 15, "asynci...uvloop"),
        ("asyncio", shorten, 7, "asyncio"),
        ("two\nlines", shorten, 9, "two lines"),
        ("asyncio", shorten, 2, "as"),
        ("\u4e2d" * 9, shorten, 9, "\u4e2d ... \u4e2d"),
        ("asyncio-protocol", cut, 10, "asyncio..."),
    ],
)
def test_what_is_too_long_is_cut(shortened: str, by: Callable[[str, int], str], width: int, text: str) -> None:
    assert by(shortened, width) == text


@pytest.mark.parametrize(
    ("count", "room", "sizes"), [(14, 61, [7, 7]), (10, 58, [10]), (11, 58, [5, 6]), (3, 1, [1, 1, 1]), (0, 9, [])]
)
def test_columns_are_shared_out_evenly(count: int, room: int, sizes: list[int]) -> None:
    assert [part.stop - part.start for part in slices(count, 4, room)] == sizes


@pytest.mark.parametrize(
    ("length", "columns", "width", "name"),
    [
        (40, 4, 66, 26),  # all that four columns of eight leave
        (40, 4, 60, 24),  # rather split the table than cut names that are not longer than most
        (40, 4, 30, 20),  # and then one column stands beside it
        (40, 4, 10, 8),
        (5, 4, 66, 5),
    ],
)
def test_names_are_cut_no_more_than_needed(length: int, columns: int, width: int, name: int) -> None:
    assert name_width(["one", "x" * length], 8, columns, width) == name
