"""The report of a comparison of two runs of the suite fits the terminal and says what got worse last."""

import dataclasses

import pytest
from rich.console import Console

from tests.made_up_verdicts import document, outcome
from upecho.conformance.check import Level
from upecho.conformance.run.verdicts.changes import VerdictChanges
from upecho.conformance.run.verdicts.document import Document
from upecho.conformance.run.verdicts.outcome import Verdict
from upecho.net.address import Family
from upecho.report.conformance.changes import changes

pytestmark = pytest.mark.once

BASE = document([outcome("echo-hello"), outcome()])


def shown(base: Document, new: Document, width: int = 80) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as printed:
        console.print(changes(VerdictChanges(base, new), width), crop=False)
    return printed.get()


def test_same_run_has_nothing_to_report() -> None:
    lines = shown(BASE, BASE).splitlines()
    assert lines[0].startswith("BASE upecho ")
    assert lines[-1] == "2 verdicts compared; nothing got worse"
    assert "differ" not in " ".join(lines)


def test_new_failure_is_explained_and_counted() -> None:
    text = shown(BASE, document([outcome("echo-hello"), outcome(verdict=Verdict.FAILED)]))
    assert text.startswith("worse in NEW\nFAILED  half-close: t over inet\nMUST      The server does half-close.\n")
    words = " ".join(text.split())
    assert "expected FIN after 3 bytes seen RST after 2 bytes wire" in words
    assert "repeat upecho check t --family inet --check half-close BASE" in words
    assert text.endswith("\n2 verdicts compared; worse: 1 new failure\n")


def test_check_that_is_no_longer_run_is_explained_and_counted() -> None:
    text = shown(BASE, document([outcome("echo-hello"), outcome(verdict=Verdict.NOT_RUN)]))
    assert "NOT RUN  half-close: t over inet" in text
    assert "cause the server has ended" in " ".join(text.split())
    assert text.endswith("\n2 verdicts compared; worse: 1 no longer run\n")


def test_code_that_cannot_be_loaded_is_reported() -> None:
    base = document([outcome(), outcome(target="lost")])
    text = shown(base, document([outcome()], unusable={"lost": "import failed: no module"}))
    assert text.startswith("code could not be loaded in NEW\n  lost: import failed: no module\n")
    assert text.endswith("\n1 verdict compared; worse: 1 target whose code could not be loaded\n")


def test_mended_checks_share_a_line_over_the_same_families() -> None:
    failed = [outcome(check, Verdict.FAILED, family=one) for check in ("a", "b") for one in reversed(Family)]
    mended = [dataclasses.replace(one, verdict=Verdict.PASSED, explanation=None) for one in failed]
    text = shown(document(failed), document(mended))
    assert text.startswith("mended\n  t over inet, inet6, unix, abstract: a, b\n\n")
    assert text.endswith("\n8 verdicts compared; nothing got worse; 8 mended\n")


@pytest.mark.parametrize(
    ("base", "new", "section"),
    [
        ([outcome(target="u")], [], "targets and families only in BASE\n  u over inet\n"),
        ([], [outcome(family=Family.INET6)], "targets and families only in NEW\n  t over inet6\n"),
        ([outcome("old")], [], "checks only in BASE\n  old\n"),
        (
            [],
            [outcome("new", level=Level.SHOULD), outcome("new", Verdict.FAILED, level=Level.SHOULD, target="u")],
            "checks only in NEW\n  new (SHOULD): 1 passed, 1 failed\n",
        ),
        ([outcome("a")], [outcome("a", level=Level.SHOULD)], "changed levels\n  a: MUST in BASE, SHOULD in NEW\n"),
        (
            [outcome("a")],
            [outcome("a", Verdict.FAILED, known="k")],
            "new failures that are known in NEW\n  t over inet",
        ),
        ([outcome("a")], [outcome("a", Verdict.UNSUPPORTED)], "unsupported in NEW\n  t over inet: a\n"),
        (
            [outcome(str(number)) for number in range(7)],
            [outcome(str(number), Verdict.UNSUPPORTED) for number in range(7)],
            "unsupported in NEW\n  t over inet: 7 checks\n",
        ),
    ],
)
def test_sections_of_what_did_not_get_worse(base: list, new: list, section: str) -> None:  # type: ignore[type-arg]
    common = [outcome("echo-hello")]
    text = shown(document([*common, *base]), document([*common, *new]))
    assert section in text
    assert text.endswith("compared; nothing got worse\n")


def test_changed_requirements_are_named() -> None:
    reworded = dataclasses.replace(BASE.checks["half-close"], requirement="The server does more.")
    text = shown(BASE, dataclasses.replace(BASE, checks={**BASE.checks, "half-close": reworded}))
    assert text.startswith("changed requirements\n  half-close\n\n")


def test_what_may_have_caused_changes_is_named() -> None:
    other = dataclasses.replace(BASE, upecho="9", python="PyPy 9", platform="Linux-9", due=5)
    text = " ".join(shown(BASE, other).split())
    assert "NEW was cut short: 3 of its verdicts are missing." in text
    assert "The runs differ in the version of upecho and the Python that ran them and the system, which may" in text


def test_missing_verdicts_of_a_complete_run_are_named() -> None:
    pair = [outcome("echo-hello", family=Family.UNIX)]
    text = shown(document([*BASE.verdicts, *pair]), document([outcome(), *pair]), 100)
    assert "checks only in" not in text
    assert "NEW lacks 1 verdict that the other run has." in text


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_but_the_command_is_wider_than_the_terminal(width: int) -> None:
    target = "cmd:./a-server-with-a-very-long-name --listen {address} --with-an-option --and-another-one"
    base = [outcome(f"check-number-{number}", target=target) for number in range(20)]
    new = [outcome(f"check-number-{number}", Verdict.FAILED, target=target) for number in range(20)]
    for text in (shown(document(base), document(new), width), shown(document(new), document(base), width)):
        lines = [line for line in text.splitlines() if not line.startswith("repeat")]
        assert max(map(len, lines)) <= width
