"""Groups known failures by their reason, because one failure often keeps many checks from being run."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from upecho.conformance.run.verdicts.outcome import Outcome
from upecho.report.conformance.causes import where
from upecho.report.conformance.marks import Mark
from upecho.support.text import plural

MARKS = (Mark.KNOWN, Mark.FLAKY)


class KnownFailure(NamedTuple):
    """A known failure, or the checks that were not run because of it.

    Attributes:
        mark: Whether it occurred, or passed although it is known to be flaky.
        where: The check, the target and the families, and how many other checks were not run.
        reason: The reason in the file of known failures.
    """

    mark: Mark
    where: str
    reason: str


def known_failures(outcomes: Iterable[Outcome]) -> Iterator[KnownFailure]:
    """Yield each known failure, and then the checks that were not run because of it as one."""
    groups = defaultdict(list)
    for one in outcomes:
        if (mark := Mark.of(one)) in MARKS:
            groups[one.target, one.known if one.follows_from else one.check, mark].append(one)
    for (*_, mark), same in groups.items():
        more = len({one.check for one in same}) - 1
        also = f" (and {plural(more, 'other check')} not run)" if more else ""
        first = [one for one in same if one.check == same[0].check]
        yield KnownFailure(mark, f"{where(first)}{also}", same[0].known)
