"""The report on a run of the conformance suite: its content, its order, and that it fits the terminal."""

import dataclasses
import io
import re
from collections.abc import Sequence
from typing import Any

import pytest
from rich.console import Console

from upecho.conformance.check import Check, Level
from upecho.conformance.findings import Event, Explanation, Fault, Recorded, Wire
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.net.address import Family
from upecho.report.conformance.causes import HEADS
from upecho.report.conformance.matrix import letters
from upecho.report.conformance.verdicts import verdicts

pytestmark = pytest.mark.once

FAMILIES = tuple(Family)


def check(name: str, topic: str, level: Level = Level.MUST) -> Check:
    return Check(
        name, topic, level, requirement="The server answers every client whatever the others do.", source="RFC 862"
    )


CHECKS = (
    check("echo-hello", "bytes"),
    check("half-close", "connection end"),
    check("never-run", "connection end"),
    check("memory-after-stall", "flow control", Level.INFO),
    check("connect-burst", "many clients", Level.SHOULD),
    check("socket-path-too-long", "start and stop"),
)
LEVELS = {one.id: one.level for one in CHECKS}
EXPLANATION = Explanation("FIN", "RST", repeat="upecho check …")


def outcome(
    name: str, verdict: Verdict = Verdict.PASSED, target: str = "a", family: Family = Family.INET, **more: Any
) -> Outcome:
    explanation = EXPLANATION if verdict is Verdict.FAILED else None
    return Outcome(target, family, name, LEVELS[name], verdict, **{"seconds": 0.0, "explanation": explanation} | more)


def run(targets: Sequence[str], families: Sequence[Family] = FAMILIES) -> list[Outcome]:
    """Return the outcomes of a run in which every check passes."""
    pairs = [(target, family) for target in targets for family in families]
    outcomes = []
    for number, (target, family) in enumerate(pairs):
        outcomes += [outcome(name, target=target, family=family) for name in ("echo-hello", "half-close")]
        recorded = Recorded(number * 3.2, "KiB")
        outcomes.append(outcome("memory-after-stall", target=target, family=family, recorded=recorded))
        outcomes.append(outcome("connect-burst", target=target, family=family))
        if family is Family.UNIX:
            outcomes.append(outcome("socket-path-too-long", target=target, family=family))
    return outcomes


def wrong() -> list[Outcome]:
    """Return the outcomes of a run of two targets that contains every mark."""
    failed = {"verdict": Verdict.FAILED, "explanation": EXPLANATION}
    fault = Fault("OSError: no descriptors", "serve, x.py:2")
    changes: dict[tuple[str, str, str], dict[str, Any]] = {
        ("one", "inet", "echo-hello"): failed,
        ("one", "unix", "echo-hello"): failed,
        ("one", "inet", "half-close"): {"verdict": Verdict.ERROR, "fault": fault},
        ("one", "inet6", "connect-burst"): failed,
        ("two", "inet", "half-close"): failed | {"known": "it sends no FIN"},
        ("two", "inet6", "half-close"): {"known": "it sends no FIN"},
        ("two", "unix", "half-close"): {"verdict": Verdict.UNSUPPORTED, "unsupported": "it declares a limit"},
        ("two", "abstract", "half-close"): {"verdict": Verdict.UNSUPPORTED, "works_anyway": True},
    }
    return [
        dataclasses.replace(one, **changes.get((one.target, one.family, one.check), {})) for one in run(("one", "two"))
    ]


def rendered(
    outcomes: Sequence[Outcome],
    width: int = 100,
    *,
    due: int | None = None,
    terminal: bool = False,
    verbose: bool = False,
) -> str:
    file = io.StringIO()
    targets = sorted({one.target for one in outcomes})
    console = Console(file=file, width=width, highlight=False, color_system="standard" if terminal else None)
    due = len(outcomes) if due is None else due
    console.print(verdicts(outcomes, CHECKS, targets, due=due, width=width, verbose=verbose), crop=False)
    return "".join(line.rstrip() + "\n" for line in file.getvalue().splitlines())


WELL = """\
                                one   two
bytes
  echo-hello            MUST    ....  ....
connection end
  half-close            MUST    ....  ....
flow control
  memory-after-stall    INFO    ....  ....
many clients
  connect-burst         SHOULD  ....  ....
start and stop
  socket-path-too-long  MUST      .     .

. passed
each cell from left to right: inet, inet6, unix, abstract

recorded  memory-
          after-
          stall
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
  echo-hello            MUST    F.F.  ....
connection end
  half-close            MUST    E...  x!uU
flow control
  memory-after-stall    INFO    ....  ....
many clients
  connect-burst         SHOULD  .f..  ....
start and stop
  socket-path-too-long  MUST      .     .

. passed  F failed  f failed SHOULD  x known failure
! known failure that no longer fails  u unsupported
U declared unsupported, but works  E error
each cell from left to right: inet, inet6, unix, abstract

recorded  memory-
          after-
          stall
one       0-9.6 KiB
two       13-22 KiB

FAILED  echo-hello: one over inet, unix
MUST      The server answers every client whatever the others do.
source    RFC 862
expected  FIN
seen      RST
also      failed SHOULD over inet6: connect-burst
repeat    upecho check …

ERROR  half-close: one over inet
MUST    The server answers every client whatever the others do.
source  RFC 862
error   OSError: no descriptors
in      serve, x.py:2

KNOWN  half-close: two over inet: it sends no FIN
UNSUPPORTED  two: it declares a limit: 1 check

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
  echo-hello            MUST    ....  ....  ....  ....
"""


def test_report_on_a_run_in_which_every_check_passes() -> None:
    assert rendered(run(("one", "two"))) == WELL


def test_report_with_every_mark_at_80_columns() -> None:
    assert rendered(wrong(), 80) == WRONG


def test_report_at_100_columns_differs_only_in_its_long_lines() -> None:
    assert rendered(wrong(), 100).split() == WRONG.split()
    assert "x known failure  ! known failure that no longer fails\n" in rendered(wrong(), 100)


def test_report_does_not_depend_on_the_order_of_the_outcomes() -> None:
    assert rendered(wrong()[::-1], 80) == WRONG


def test_matrix_with_long_names_has_letters_and_is_split() -> None:
    text = rendered(run([f"asyncio-protocol-{number}" for number in range(8)]), 65)
    assert text.startswith(MANY)
    assert text.count("  half-close  ") == 2
    assert "\nE asyncio-protocol-4  F" in text


def test_no_two_targets_read_alike() -> None:
    """The middle of the names, in which they differ, is the part that is usually left out."""
    targets = [f"package.of_somebody:{middle}+other_package.loops.fast:new_event_loop" for middle in "abc"]
    lines = rendered(run(targets), 60).splitlines()
    legend = [line for line in lines if re.match("[ABC] package", line)]
    assert len({line.split()[1] for line in legend}) == 3
    tables = [line.split()[0] for line in lines if line.startswith("package")]
    assert [len(set(tables[start : start + 3])) for start in range(0, len(tables), 3)] == [3, 3, 3]


def test_counts_are_left_out_for_one_target() -> None:
    lines = rendered(run(["one"], [Family.INET]), 100).splitlines()
    assert lines[:3] == ["                              one", "bytes", "  echo-hello          MUST    ."]
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


LONG = Explanation(
    expected="11890 bytes",
    seen="RST",
    wire=Wire(
        first=(Event(0.371, "client 1: sending b'message 0;me'… (11890 bytes)"),),
        omitted=12,
        last=(Event(5.371, "client 1: RST"),),
    ),
    repeat="upecho check 'cmd:./server --with --a --long --command --line {address}' --family inet --check echo-hello",
)

WRAPPED = """\
FAILED  echo-hello: a over inet
MUST      The server answers every client
          whatever the others do.
source    RFC 862
expected  11890 bytes
seen      RST
wire        0.371 s  client 1: sending
                     b'message 0;me'…
                     (11890 bytes)
          ... 12 more events ...
            5.371 s  client 1: RST
repeat    upecho check 'cmd:./server --with --a --long --command --line {address}' --family inet --check echo-hello
"""


@pytest.mark.parametrize("terminal", [True, False])
def test_lines_are_wrapped_below_their_text_except_the_command_to_repeat(terminal: bool) -> None:
    one = outcome("echo-hello", Verdict.FAILED, explanation=LONG)
    assert WRAPPED in re.sub(r"\x1b\[[0-9;]*m| +$", "", rendered([one], 42, terminal=terminal), flags=re.MULTILINE)


def silent() -> list[Outcome]:
    """Return the outcomes for a target that answers nothing: one failure, and what follows from it."""
    why = Explanation("progress", "none for 2 s; 0 bytes received, 5 missing", repeat="upecho check …")
    later = dataclasses.replace(why, seen="none for 2.1 s; 0 bytes received, 50 missing")
    not_run: dict[str, Any] = {"verdict": Verdict.NOT_RUN, "cause": "an answer: none", "follows_from": ("echo-hello",)}
    names = ("half-close", "memory-after-stall", "connect-burst")
    families = (Family.INET, Family.UNIX)
    failed = [outcome("echo-hello", Verdict.FAILED, family=family, explanation=why) for family in families]
    return failed + [
        outcome(name, family=family, explanation=later, **not_run) for name in names for family in families
    ]


def test_one_cause_is_one_finding() -> None:
    text = rendered(silent())
    assert [line for line in text.splitlines() if line.startswith(tuple(HEADS.values()))] == [
        "FAILED  echo-hello: a over inet, unix"
    ]
    assert "also      not run over inet, unix: half-close, memory-after-stall, connect-burst\n" in text
    assert text.startswith("                      a\nbytes\n  echo-hello  MUST    FF\n\n")
    assert "\n3 checks left out: 3 not run; --verbose shows them\n" in text


def test_checks_that_are_left_out_are_counted_by_how_they_ended() -> None:
    not_run: dict[str, Any] = {"verdict": Verdict.NOT_RUN, "explanation": EXPLANATION}
    outcomes = [
        outcome("echo-hello", Verdict.FAILED),
        outcome("half-close"),
        outcome("never-run", Verdict.UNSUPPORTED, unsupported="a limit"),
        outcome("memory-after-stall"),
        outcome("memory-after-stall", family=Family.UNIX, **not_run),
        outcome("connect-burst", **not_run),
        outcome("connect-burst", Verdict.UNSUPPORTED, family=Family.UNIX, unsupported="a limit"),
    ]
    ended = "1 passed, 1 run over some families only, 1 not run, 1 unsupported"
    assert f"\n4 checks left out: {ended}; --verbose shows them\n" in rendered(outcomes, 120)


def test_verbose_report_shows_every_check() -> None:
    text = rendered(silent(), verbose=True)
    heads = [line for line in text.splitlines() if line.startswith(tuple(HEADS.values()))]
    assert heads == [
        "FAILED  echo-hello: a over inet, unix",
        "NOT RUN  half-close: a over inet, unix",
        "NOT RUN  memory-after-stall: a over inet, unix",
        "NOT RUN  connect-burst: a over inet, unix",
    ]
    assert "  connect-burst       SHOULD  --\n" in text


def test_different_causes_are_different_findings() -> None:
    other = Explanation("FIN", "still open", repeat="upecho check …")
    outcomes = [outcome("echo-hello", Verdict.FAILED), outcome("half-close", Verdict.FAILED, explanation=other)]
    outcomes.append(outcome("half-close", Verdict.FAILED, target="b"))
    text = rendered(outcomes)
    assert text.count("FAILED  ") == 3
    assert "also" not in text


def test_checks_that_are_not_run_because_of_a_known_failure_share_a_line() -> None:
    outcomes = [dataclasses.replace(one, known="it is silent") for one in silent()]
    lines = rendered(outcomes).splitlines()
    assert [line for line in lines if line.startswith("KNOWN")] == [
        "KNOWN  echo-hello: a over inet, unix: it is silent",
        "KNOWN  half-close: a over inet, unix (and 2 other checks not run): it is silent",
    ]


def test_flaky_failures_are_marked() -> None:
    flaky: dict[str, Any] = {"known": "a race", "flaky": True}
    ran = [outcome("echo-hello", **flaky), outcome("echo-hello", Verdict.FAILED, family=Family.UNIX, **flaky)]
    lines = rendered(ran).splitlines()
    assert "  echo-hello  MUST    ~x" in lines
    assert "~ passed, known to be flaky" in " ".join(lines)
    assert "FLAKY  echo-hello: a over inet: a race" in lines
    assert "KNOWN  echo-hello: a over unix: a race" in lines
    assert lines[-1] == "2 checks due: 1 passed (1 flaky), 1 failed (1 known), 0 unsupported, 0 error"


def test_colours_are_used_on_a_terminal_only() -> None:
    shown = rendered(wrong(), terminal=True)
    assert "\x1b[1;31mF\x1b[0m\x1b[32m.\x1b[0m" in shown
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown).split() == WRONG.split()


def test_missing_verdicts_are_counted() -> None:
    assert rendered([], due=2) == "2 checks due: 0 passed, 0 failed, 0 unsupported, 0 error, 2 without a verdict\n"
    assert rendered(run(["one"]), due=18).endswith("0 error, 1 without a verdict\n")


@pytest.mark.parametrize(("number", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA")])
def test_columns_are_named_as_in_a_spreadsheet(number: int, name: str) -> None:
    assert letters(number) == name
