"""Which outcomes are one finding, which check explains it, and in which order the findings come."""

from collections.abc import Sequence

import pytest

from upecho.conformance.check import Level
from upecho.conformance.findings import Event, Explanation, Wire
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.net.address import Family
from upecho.report.conformance.causes import findings

pytestmark = pytest.mark.once


def outcome(
    check: str,
    verdict: Verdict = Verdict.FAILED,
    family: Family = Family.INET,
    *,
    expected: str = "FIN",
    seen: str = "RST",
    end: str = "",
    note: str = "",
    earlier: tuple[str, ...] = (),
    events: int = 1,
    level: Level = Level.MUST,
    follows_from: tuple[str, ...] = (),
) -> Outcome:
    wire = Wire((Event(0.0, "client 1: connected"),) * events)
    why = Explanation(expected, seen, end=end, note=note, wire=wire, earlier_checks=earlier)
    return Outcome("a", family, check, level, verdict, 0.0, why, follows_from=follows_from)


def grouped(outcomes: Sequence[Outcome]) -> list[list[str]]:
    """Return the checks of each finding; the one that is explained comes first."""
    return [
        list(dict.fromkeys(one.check for one in [*finding.same, *finding.others]))
        for finding in findings(outcomes, separate=False)
    ]


def explained(*outcomes: Outcome) -> str:
    """Return the check that explains the only finding."""
    ((check, *_),) = grouped(outcomes)
    return check


@pytest.mark.parametrize("end", ["", "exited with status 1"])
def test_failure_with_a_note_of_its_own_is_a_finding_of_its_own(end: str) -> None:
    large = outcome("half-close-large", expected="56576 more bytes", seen="FIN after 8332032 bytes", end=end)
    words = outcome(
        "words-as-data", expected="4 more bytes", seen="FIN after 13 bytes", end=end, note="the message is b'quit'"
    )
    assert grouped([large, words]) == [["half-close-large"], ["words-as-data"]]


def test_numbers_in_a_note_do_not_matter() -> None:
    sizes = [
        outcome("sizes", family=family, note=f"the message has {size} bytes")
        for family, size in [(Family.INET, 1024), (Family.UNIX, 8)]
    ]
    assert grouped(sizes) == [["sizes"]]


def test_earlier_checks_do_not_matter() -> None:
    assert grouped([outcome("one"), outcome("two", earlier=("one",))]) == [["one", "two"]]
    noted = [outcome("one", note="the message is b'quit'", earlier=earlier) for earlier in ((), ("echo-hello",))]
    assert grouped(noted) == [["one"]]


def test_check_that_was_not_run_is_not_part_of_a_failure_that_looks_the_same() -> None:
    outcomes = [outcome("b", Verdict.NOT_RUN), outcome("a"), outcome("c", Verdict.NOT_RUN)]
    assert grouped(outcomes) == [["a"], ["b", "c"]]


def test_check_that_was_not_run_because_of_a_failure_is_part_of_it() -> None:
    failed = [outcome("a", note="the message is b'quit'"), outcome("other", expected="5 bytes")]
    later = [outcome(name, Verdict.NOT_RUN, follows_from=("a",)) for name in ("b", "c")]
    assert grouped([*later, *failed]) == [["a", "b", "c"], ["other"]]


def test_check_that_was_not_run_for_lack_of_time_is_a_finding_of_its_own() -> None:
    late = outcome("b", Verdict.NOT_RUN, expected="time for the check", seen="too slow", follows_from=("a",))
    assert grouped([outcome("a"), late]) == [["a"], ["b"]]


@pytest.mark.parametrize("separate", [False, True])
def test_findings_of_checks_that_were_not_run_come_last(separate: bool) -> None:
    outcomes = [outcome("a", Verdict.NOT_RUN), outcome("b"), outcome("c", expected="5 bytes")]
    assert [one.same[0].check for one in findings(outcomes, separate=separate)] == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("…b'67890'… (256 bytes) at byte 2", "b'x' at byte 9"),
        ("…b'678' at byte 2", "b'67890'… (1 byte) at byte 9"),
        ('b"it\'s" at byte 2', r"b'\'\"' at byte 9"),
        ("b'a', then FIN", "b'b', then FIN"),
        ("0.5 s at unix:/tmp/a", "2 s at unix:/tmp/b"),
    ],
)
def test_bytes_numbers_and_paths_do_not_matter(one: str, other: str) -> None:
    assert grouped([outcome("one", seen=one), outcome("two", seen=other)]) == [["one", "two"]]
    assert grouped([outcome("one", expected=one), outcome("two", expected=other)]) == [["one", "two"]]


def test_words_after_bytes_matter() -> None:
    assert grouped([outcome("one", seen="b'a' and FIN"), outcome("two", seen="b'a' and RST")]) == [["one"], ["two"]]


def test_check_that_failed_over_the_most_families_is_explained() -> None:
    many = [outcome("many", family=family, events=9) for family in (Family.INET, Family.UNIX)]
    assert explained(outcome("few"), *many) == "many"


def test_must_check_is_explained_rather_than_a_should_check() -> None:
    should = [outcome("should", family=family, level=Level.SHOULD) for family in (Family.INET, Family.UNIX)]
    assert explained(*should, outcome("must", events=9)) == "must"


def test_failed_check_is_explained_rather_than_one_that_was_not_run() -> None:
    families = (Family.INET, Family.UNIX)
    not_run = [outcome("not-run", Verdict.NOT_RUN, family, follows_from=("failed",)) for family in families]
    assert explained(*not_run, outcome("failed", events=9)) == "failed"


def test_check_is_explained_rather_than_a_variant_of_it() -> None:
    assert explained(outcome("stop", events=9), outcome("stop-stalled-client")) == "stop"


@pytest.mark.parametrize("name", ["stopping", "other"])
def test_otherwise_the_check_with_the_shortest_log_is_explained(name: str) -> None:
    assert explained(outcome("stop", events=9), outcome(name)) == name
