"""The text of a failure: what was required, expected and seen, and how to repeat it."""

from dataclasses import replace

import pytest

from upecho.conformance.catalogue import by_id
from upecho.conformance.findings import Event, Explanation, Fault, Wire
from upecho.conformance.run.verdicts.explaining import as_text
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.net.address import Family

CHECK = by_id()["half-close"]
EXPLANATION = Explanation(
    expected="FIN",
    seen="RST",
    note="schedule 3 of 20",
    wire=Wire((Event(0.0, "client 1: connected"),), 12, (Event(12.5, "client 1: RST"),)),
    stderr=("ValueError: boom (x.py:1)", "bye"),
    repeat="upecho check …",
)


def outcome(verdict: Verdict, explanation: Explanation | None = None, fault: Fault | None = None) -> Outcome:
    return Outcome("t", Family.UNIX, CHECK.id, CHECK.level, verdict, 0.0, explanation, fault=fault)


def test_failure_is_explained_with_everything_that_its_author_needs() -> None:
    assert as_text(CHECK, outcome(Verdict.FAILED, EXPLANATION)).splitlines() == [
        f"MUST       {CHECK.requirement}",
        f"source     {CHECK.source}",
        "expected   FIN",
        "seen       RST",
        "note       schedule 3 of 20",
        "wire         0.000 s  client 1: connected",
        "           ... 12 more events ...",
        "            12.500 s  client 1: RST",
        "stderr     ValueError: boom (x.py:1)",
        "           bye",
        "repeat     upecho check …",
    ]


@pytest.mark.parametrize(
    ("earlier", "own", "note"),
    [
        (("a",), "", "1 earlier check may have led to this; the command repeats it, too"),
        (("a", "b"), "", "2 earlier checks may have led to this; the command repeats them, too"),
        (("a",), "at 3", "at 3; 1 earlier check may have led to this; the command repeats it, too"),
    ],
)
def test_earlier_checks_are_a_note(earlier: tuple[str, ...], own: str, note: str) -> None:
    failure = outcome(Verdict.FAILED, replace(EXPLANATION, note=own, earlier_checks=earlier))
    assert f"note       {note}" in as_text(CHECK, failure).splitlines()


def test_empty_parts_of_an_explanation_are_left_out() -> None:
    text = as_text(CHECK, outcome(Verdict.FAILED, Explanation("FIN", "RST", repeat="upecho check …")))
    labels = [line.split()[0] for line in text.splitlines()]
    assert labels == ["MUST", "source", "expected", "seen", "repeat"]


def test_fault_is_explained_with_its_location() -> None:
    text = as_text(CHECK, outcome(Verdict.ERROR, fault=Fault("OSError: odd", "serve, x.py:2")))
    assert text.splitlines()[2:] == ["error      OSError: odd", "in         serve, x.py:2"]
