"""Known failures: how they change an outcome, and how a run changes them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from upecho.conformance.check import Level
from upecho.conformance.findings import Explanation
from upecho.conformance.run.known_failures.known import Entry, Known, KnownFailures, updated
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.net.address import Family
from upecho.serving.target import Kind, Target

TARGET = Target("selectors", Kind.IMPLEMENTATION)
FAMILIES = tuple(family for family in Family if family.is_available())


def entry(check: str = "half-close", families: str = "", reason: str = "no FIN", *, flaky: bool = False) -> Entry:
    return Entry(check, reason, families=frozenset(map(Family, families.split())) or None, flaky=flaky)


def outcome(
    verdict: Verdict, family: Family = Family.INET, check: str = "half-close", level: Level = Level.MUST
) -> Outcome:
    explanation = Explanation("FIN", "still\nopen") if verdict is Verdict.FAILED else None
    return Outcome("selectors", family, check, level, verdict, 0.0, explanation)


def everywhere(verdict: Verdict) -> list[Outcome]:
    return [outcome(verdict, family) for family in FAMILIES]


def known(*entries: Entry) -> Known:
    return Known([KnownFailures(Path("known/selectors.toml"), TARGET, entries)])


def after(old: Sequence[Entry], outcomes: Sequence[Outcome], *, strict: bool = False) -> tuple[Entry, ...]:
    return updated(old, TARGET, [known(*old).marked(one) for one in outcomes], strict=strict)


@pytest.mark.parametrize(
    ("verdict", "fails", "stale"),
    [
        (Verdict.FAILED, False, False),
        (Verdict.PASSED, True, True),
        (Verdict.UNSUPPORTED, True, True),
        (Verdict.NOT_RUN, False, False),
        (Verdict.ERROR, False, False),  # it counts as an error, whatever is known
    ],
)
def test_known_failure_that_does_not_fail_is_stale(verdict: Verdict, fails: bool, stale: bool) -> None:
    marked = known(entry(families="inet")).marked(outcome(verdict))
    assert (marked.known, marked.fails(strict=True), marked.is_stale) == ("no FIN", fails, stale)
    assert known(entry(families="inet")).marked(outcome(verdict, Family.UNIX)).known == ""
    assert known(entry("socket-path-too-long")).marked(outcome(verdict)).known == ""


def not_run(*follows_from: str) -> Outcome:
    return replace(outcome(Verdict.NOT_RUN, check="full-duplex"), cause="no time", follows_from=follows_from)


def test_check_that_is_not_run_because_of_known_failures_does_not_fail() -> None:
    entries = [entry(), entry("echo-hello", reason="silent", families="unix inet")]
    marked = known(*entries).marked(not_run("half-close", "echo-hello"))
    assert (marked.known, marked.fails(strict=True), marked.is_stale) == ("no FIN; silent", False, False)


def test_failed_should_check_among_the_causes_need_not_be_known() -> None:
    must, should = "half-close", "clear-bind-error"
    assert known(entry(must)).marked(not_run(must, should)).known == "no FIN"
    assert known(entry(should)).marked(not_run(must, should)).known == ""
    assert known(entry(should)).marked(not_run(should)).known == "no FIN"


def test_verdict_has_the_link_of_its_known_failure() -> None:
    first, second = replace(entry(), link="https://x.org/1"), replace(entry("echo-hello"), link="https://x.org/2")
    assert known(first).marked(outcome(Verdict.FAILED)).link == "https://x.org/1"
    assert known(first).marked(outcome(Verdict.FAILED, check="echo-hello")).link == ""
    assert known(first).marked(not_run("half-close")).link == "https://x.org/1"
    assert known(first, second).marked(not_run("half-close", "echo-hello")).link == ""


@pytest.mark.parametrize("one", [not_run(), not_run("half-close", "echo-hello"), not_run("echo-hello")])
def test_check_that_is_not_run_for_another_cause_fails(one: Outcome) -> None:
    marked = known(entry()).marked(one)
    assert (marked.known, marked.fails(strict=False)) == ("", True)


def test_check_that_is_not_run_is_added_unless_it_follows_from_another() -> None:
    alone = replace(not_run(), family=Family.UNIX)
    assert after([], [alone, not_run("half-close")]) == (
        Entry("full-duplex", "not run", families=frozenset({Family.UNIX})),
    )


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.PASSED, Verdict.ERROR])
def test_flaky_failure_may_pass(verdict: Verdict) -> None:
    old = (entry(flaky=True),)
    marked = known(*old).marked(outcome(verdict))
    assert (marked.known, marked.flaky, marked.fails(strict=True), marked.is_stale) == ("no FIN", True, False, False)
    assert known(*old).complaints([marked]) == []
    assert after(old, everywhere(verdict)) == old


def test_flaky_failure_that_is_unsupported_is_stale() -> None:
    assert known(entry(flaky=True)).marked(outcome(Verdict.UNSUPPORTED)).is_stale


def complaint(one: Entry, *outcomes: Outcome) -> str:
    (line,) = known(one).complaints([known(one).marked(each) for each in outcomes])
    return line.removeprefix("known/selectors.toml: half-close is listed as a known failure, but ")


def test_complaint_about_a_stale_entry_says_what_to_do() -> None:
    passed, failed = outcome(Verdict.PASSED, Family.INET), outcome(Verdict.FAILED, Family.UNIX)
    assert complaint(entry(families="inet"), passed, failed) == "it passed over inet: remove the entry"
    narrower = 'it passed over inet: limit it to families = ["unix"]'
    assert complaint(entry(families="inet unix"), passed, failed) == narrower
    unsupported = outcome(Verdict.UNSUPPORTED, Family.UNIX)
    both = "it passed over inet and is declared unsupported over unix: remove the entry"
    assert complaint(entry(families="inet unix"), passed, unsupported) == both
    assert known(entry(families="unix")).complaints([passed, failed]) == []


def test_complaint_says_nothing_about_families_that_were_not_run() -> None:
    passed = outcome(Verdict.PASSED, Family.INET)
    assert complaint(entry(families="inet unix"), passed) == "it passed over inet: remove inet from its families"
    assert complaint(entry(), passed) == "it passed over inet: give it a list of families without inet"
    assert complaint(entry(), *everywhere(Verdict.PASSED)).endswith(": remove the entry")


def test_new_entry_is_limited_to_the_families_that_failed() -> None:
    (new,) = after((), [outcome(Verdict.FAILED, Family.INET)])
    assert new == entry(families="inet", reason="expected FIN, saw still open")


def test_failures_become_entries() -> None:
    everything = after((), everywhere(Verdict.FAILED))
    assert everything == (entry(reason="expected FIN, saw still open"),)
    mixed = [outcome(Verdict.FAILED, Family.INET), outcome(Verdict.PASSED, Family.UNIX)]
    assert after((), mixed) == (entry(families="inet", reason="expected FIN, saw still open"),)
    undecided = [outcome(Verdict.FAILED, Family.INET), outcome(Verdict.ERROR, Family.UNIX)]
    assert after((), undecided) == (entry(families="inet", reason="expected FIN, saw still open"),)
    assert after((), everywhere(Verdict.PASSED)) == ()


def test_failed_should_check_becomes_an_entry_of_a_strict_run_only() -> None:
    ran = [outcome(Verdict.FAILED, check="connect-burst", level=Level.SHOULD)]
    assert after((), ran) == ()
    assert [one.check for one in after((), ran, strict=True)] == ["connect-burst"]
    old = (entry("connect-burst", "inet", "backlog"),)
    assert after(old, ran) == old


def test_entries_that_were_not_run_stay() -> None:
    old = (entry(), entry("echo-hello", "inet unix"))
    assert after(old, [outcome(Verdict.FAILED)]) == (entry("echo-hello", "inet unix"), entry())
    assert after(old, [outcome(Verdict.ERROR)]) == (entry("echo-hello", "inet unix"), entry())
    narrowed = after(old, [outcome(Verdict.PASSED, Family.INET, "echo-hello")])
    assert narrowed == (entry("echo-hello", "unix"), entry())
    assert after(old[:1], everywhere(Verdict.PASSED)) == ()


def test_new_failure_is_added_beside_the_old_entry() -> None:
    old = (entry(families="inet"),)
    ran = [outcome(Verdict.FAILED, Family.INET), outcome(Verdict.FAILED, Family.UNIX)]
    assert after(old, ran) == (*old, entry(families="unix", reason="expected FIN, saw still open"))


def test_control_characters_of_a_reason_are_escaped() -> None:
    marked = known(entry(reason="no \x1b[31mFIN\x9b")).marked
    assert marked(outcome(Verdict.FAILED)).known == r"no \x1b[31mFIN\x9b"
    follower = replace(outcome(Verdict.NOT_RUN, check="echo-hello"), follows_from=("half-close",))
    assert marked(follower).known == r"no \x1b[31mFIN\x9b"
