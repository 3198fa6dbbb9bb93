"""What counts as worse between two runs of the suite, and what does not."""

import dataclasses

import pytest

from tests.made_up_verdicts import document, outcome
from upecho.conformance.check import Level
from upecho.conformance.findings import Fault
from upecho.conformance.run.verdicts.changes import BASE, NEW, Kind, LevelChange, VerdictChanges
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.net.address import Family
from upecho.support.errors import CallerError

pytestmark = pytest.mark.once

PASSED = outcome()
FAILED = outcome(verdict=Verdict.FAILED)
KNOWN = outcome(verdict=Verdict.FAILED, known="no FIN")
FLAKY = outcome(verdict=Verdict.FAILED, known="no FIN", flaky=True)
FLAKY_PASSED = outcome(known="no FIN", flaky=True)
STALE = outcome(known="no FIN")
NOT_RUN = outcome(verdict=Verdict.NOT_RUN)
FOLLOWS = outcome(verdict=Verdict.NOT_RUN, follows_from=("echo-hello",))
NOT_RUN_KNOWN = outcome(verdict=Verdict.NOT_RUN, known="no FIN")
UNSUPPORTED = outcome(verdict=Verdict.UNSUPPORTED, unsupported="a limit")
ERROR = outcome(verdict=Verdict.ERROR, fault=Fault("odd"))
SHOULD = outcome(level=Level.SHOULD)
SHOULD_FAILED = outcome(verdict=Verdict.FAILED, level=Level.SHOULD)
LATER = outcome(level=Level.LATER)
LATER_FAILED = outcome(verdict=Verdict.FAILED, level=Level.LATER)
INFO = outcome(level=Level.INFO)
INFO_NOT_RUN = outcome(verdict=Verdict.NOT_RUN, level=Level.INFO)


@pytest.mark.parametrize(
    ("base", "new", "kind", "is_worse"),
    [
        (PASSED, FAILED, Kind.FAILED, True),
        (STALE, FAILED, Kind.FAILED, True),
        (SHOULD, SHOULD_FAILED, Kind.FAILED, True),
        (PASSED, NOT_RUN, Kind.NOT_REACHED, True),
        (PASSED, KNOWN, Kind.KNOWN, False),
        (PASSED, LATER_FAILED, Kind.NOT_SCORED, False),
        (LATER, LATER_FAILED, Kind.NOT_SCORED, False),
        (PASSED, FOLLOWS, Kind.NOT_RUN, False),
        (PASSED, NOT_RUN_KNOWN, Kind.NOT_RUN, False),
        (INFO, INFO_NOT_RUN, Kind.NOT_RUN, False),
        (FAILED, NOT_RUN, Kind.NOT_RUN, False),
        (UNSUPPORTED, NOT_RUN, Kind.NOT_RUN, False),
        (PASSED, UNSUPPORTED, Kind.UNSUPPORTED, False),
        (PASSED, ERROR, Kind.ERROR, False),
        (NOT_RUN, FAILED, Kind.NOW_FAILED, False),
        (UNSUPPORTED, FAILED, Kind.NOW_FAILED, False),
        (ERROR, FAILED, Kind.NOW_FAILED, False),
        (NOT_RUN, PASSED, Kind.NOW_PASSED, False),
        (ERROR, PASSED, Kind.NOW_PASSED, False),
        (FAILED, PASSED, Kind.MENDED, False),
        (KNOWN, STALE, Kind.MENDED, False),
        (FLAKY_PASSED, FLAKY, Kind.FLAKY, False),
        (FLAKY, FLAKY_PASSED, Kind.FLAKY, False),
        (FLAKY_PASSED, FAILED, Kind.FLAKY, False),
        (PASSED, FLAKY, Kind.FLAKY, False),
        (FLAKY_PASSED, NOT_RUN, Kind.FLAKY, False),
        (FLAKY_PASSED, UNSUPPORTED, Kind.UNSUPPORTED, False),
    ],
)
def test_kind_of_a_change(base: Outcome, new: Outcome, kind: Kind, is_worse: bool) -> None:
    found = VerdictChanges(document([base]), document([new]))
    assert [change.kind for change in found.changes] == [kind]
    assert found.of(kind) == list(found.changes)
    assert found.is_worse == bool(found.worse) == is_worse


@pytest.mark.parametrize(
    ("base", "new"),
    [(PASSED, PASSED), (FAILED, FAILED), (KNOWN, KNOWN), (KNOWN, FAILED), (FAILED, KNOWN), (NOT_RUN, FOLLOWS)],
)
def test_same_verdict_is_no_change(base: Outcome, new: Outcome) -> None:
    found = VerdictChanges(document([base]), document([new]))
    assert (found.changes, found.is_worse, found.compared) == ((), False, 1)


def test_checks_and_pairs_of_one_run_only_are_named() -> None:
    base = document([PASSED, outcome("old"), outcome(target="gone"), outcome(family=Family.UNIX)])
    new = document([PASSED, outcome("new", Verdict.FAILED), outcome(target="come"), outcome(family=Family.INET6)])
    found = VerdictChanges(base, new)
    assert found.checks == {BASE: ["old"], NEW: ["new"]}
    assert found.pairs == {
        BASE: [("gone", Family.INET), ("t", Family.UNIX)],
        NEW: [("come", Family.INET), ("t", Family.INET6)],
    }
    assert (found.compared, found.changes, found.missing, found.is_worse) == (1, (), {BASE: 0, NEW: 0}, False)
    assert (found.levels, found.reworded) == ((), ())


def test_changed_level_is_named_and_not_worse() -> None:
    found = VerdictChanges(document([SHOULD_FAILED]), document([FAILED]))
    assert found.levels == (LevelChange("half-close", Level.SHOULD, Level.MUST),)
    assert (found.changes, found.is_worse) == ((), False)


def test_check_whose_requirement_has_changed_is_named() -> None:
    base, new = document([PASSED, outcome("echo-hello")]), document([FAILED, outcome("echo-hello")])
    stricter = dataclasses.replace(new.checks["half-close"], requirement="The server does more.")
    new = dataclasses.replace(new, checks={**new.checks, "half-close": stricter})
    found = VerdictChanges(base, new)
    assert (found.reworded, found.is_worse) == (("half-close",), True)


def test_verdicts_that_one_run_lacks_are_counted() -> None:
    both = [outcome("echo-hello"), PASSED, outcome("echo-hello", family=Family.UNIX)]
    cut = document([*both, outcome(family=Family.UNIX)])
    found = VerdictChanges(cut, document(both, due=4))
    assert (found.missing, found.compared) == ({BASE: 0, NEW: 1}, 3)
    found = VerdictChanges(document(both, due=4), cut)
    assert (found.missing, found.is_worse) == ({BASE: 1, NEW: 0}, False)


def test_code_that_can_no_longer_be_loaded_is_worse() -> None:
    both, lost = [PASSED], {"lost": "import failed"}
    found = VerdictChanges(document([*both, outcome(target="lost")]), document(both, unusable=lost | {"other": "x"}))
    assert (found.no_longer_loaded, found.pairs[BASE], found.is_worse) == (lost, [], True)
    found = VerdictChanges(document(both, unusable=lost), document([*both, outcome(target="lost")]))
    assert (found.now_loaded, found.pairs[NEW], found.is_worse) == (lost, [], False)


def test_runs_without_a_common_verdict_cannot_be_compared() -> None:
    with pytest.raises(CallerError, match=r"^nothing to compare: BASE has 1 verdict and NEW has 2, but none in common"):
        VerdictChanges(document([PASSED]), document([outcome(target="u"), outcome(target="v")]))
    lost = VerdictChanges(document([PASSED]), document([], unusable={"t": "import failed"}))
    assert lost.is_worse
