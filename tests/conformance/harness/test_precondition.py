"""A check that was not reached is told apart from one that failed."""

import pytest

from upecho.conformance.harness.violation import NotReached, Violation, precondition


def test_violation_of_a_precondition_means_that_the_check_was_not_reached() -> None:
    with pytest.raises(NotReached) as raised, precondition("an echo"):
        raise Violation("progress", "none for 5 s")
    assert (raised.value.precondition, raised.value.seen) == ("an echo", "none for 5 s")


def test_innermost_precondition_is_named() -> None:
    with pytest.raises(NotReached) as raised, precondition("a hundred clients"), precondition("an echo"):
        raise Violation("progress", "none for 5 s")
    assert raised.value.precondition == "an echo"


def test_precondition_names_the_checks_that_report_its_violation() -> None:
    with pytest.raises(NotReached) as raised, precondition("no error", "no-errors-on-stderr"):
        raise Violation("silence", "an error")
    assert raised.value.follows_from == ("no-errors-on-stderr",)


def test_other_exceptions_pass_through_a_precondition() -> None:
    with pytest.raises(ValueError, match="odd"), precondition("an echo"):
        raise ValueError("odd")
