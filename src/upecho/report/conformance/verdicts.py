"""Renders a run of the conformance suite; the totals come last, where a terminal stops scrolling."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from upecho.conformance.check import Check
from upecho.conformance.run.verdicts.outcome import Outcome
from upecho.net.address import Family
from upecho.report.conformance.causes import HEADS, findings, rendered
from upecho.report.conformance.counts import counts
from upecho.report.conformance.known import known_failures
from upecho.report.conformance.marks import Mark, summary
from upecho.report.conformance.matrix import Matrix
from upecho.report.conformance.recorded import recorded
from upecho.report.layout import cut
from upecho.support.text import plural

ORDER = list(Family)
LEFT_OUT = (Mark.PASSED, Mark.NOT_RUN, Mark.UNSUPPORTED)  # in the matrix of a single target that failed a check
ENDINGS = {  # of a check that is left out, by its marks over the families that it supports
    frozenset({Mark.PASSED}): "passed",
    frozenset({Mark.PASSED, Mark.NOT_RUN}): "run over some families only",
    frozenset({Mark.NOT_RUN}): "not run",
    frozenset(): "unsupported",
}
NOTED = {Mark.KNOWN: "KNOWN", Mark.FLAKY: "FLAKY"}


def verdicts(  # noqa: PLR0913 (what is shown, and how)
    outcomes: Sequence[Outcome],
    checks: Sequence[Check],
    targets: Sequence[str],
    *,
    due: int,
    width: int,
    suite: str = "",
    verbose: bool = False,
) -> RenderableType:
    """Return the report on a run.

    The report has to be printed without cropping, because the command that repeats a failed check is never wrapped.

    Args:
        outcomes: The outcomes, in any order.
        checks: The selected checks, in the order in which the report shows them.
        targets: The targets, in the order in which the report shows them.
        due: Number of verdicts of a complete run.
        width: Width of the report in columns.
        suite: The revision of the suite; empty if there is none.
        verbose: Whether the details of each check are shown, instead of those of one check for each cause.
    """
    ranks = {check.id: rank for rank, check in enumerate(checks)}
    ordered = sorted(outcomes, key=lambda one: (targets.index(one.target), ranks[one.check], ORDER.index(one.family)))
    return Group(*_parts(ordered, checks, width=width, verbose=verbose), Text(summary(ordered, due, suite)))


def _parts(
    outcomes: Sequence[Outcome], checks: Sequence[Check], *, width: int, verbose: bool
) -> Iterator[RenderableType]:
    if not outcomes:
        return
    families = [family for family in ORDER if any(one.family is family for one in outcomes)]
    shown = checks if verbose else _worth_a_row(outcomes, checks)
    yield from Matrix(outcomes, shown, families).lines(width)
    ids = {check.id for check in shown}
    if hidden := [one for one in outcomes if one.check not in ids]:
        yield Text(_left_out(hidden), "dim")
    yield Text()
    yield from recorded(outcomes, width)
    by_id = {check.id: check for check in checks}
    yield from (rendered(one, by_id[one.same[0].check]) for one in findings(outcomes, separate=verbose))
    notes = [*_known(outcomes, width), *_unsupported(outcomes, width)]
    yield from notes
    if notes:
        yield Text()
    yield from counts(outcomes, families, width)


def _worth_a_row(outcomes: Sequence[Outcome], checks: Sequence[Check]) -> Sequence[Check]:
    """Return the checks that the matrix shows: of a single target that failed any, only those."""
    has_failed = any(Mark.of(one) in HEADS for one in outcomes)
    telling = {one.check for one in outcomes if Mark.of(one) not in LEFT_OUT}
    if not has_failed or not telling or len({one.target for one in outcomes}) > 1:
        return checks
    return [check for check in checks if check.id in telling]


def _left_out(outcomes: Sequence[Outcome]) -> str:
    """Return how many checks the matrix leaves out, and how they ended.

    Args:
        outcomes: The outcomes of these checks.
    """
    marks = defaultdict(set)
    for one in outcomes:
        marks[one.check].add(Mark.of(one))
    counts = Counter(frozenset(each - {Mark.UNSUPPORTED}) for each in marks.values())
    parts = [f"{counts[each]} {ending}" for each, ending in ENDINGS.items() if counts[each]]
    return f"{plural(len(marks), 'check')} left out: {', '.join(parts)}; --verbose shows them"


def _known(outcomes: Sequence[Outcome], width: int) -> Iterator[Text]:
    """Yield a line about each known failure. The file of known failures contains the whole reason."""
    for one in known_failures(outcomes):
        head = f"{NOTED[one.mark]}  "
        yield Text(head + cut(f"{one.where}: {one.reason}", width - len(head)), one.mark.style, no_wrap=True)


def _unsupported(outcomes: Sequence[Outcome], width: int) -> Iterator[Text]:
    """Yield a line for each limitation that a target declares, with the number of checks that it concerns."""
    checks = defaultdict(set)
    for one in outcomes:
        if Mark.of(one) is Mark.UNSUPPORTED:
            checks[one.target, one.unsupported].add(one.check)
    for (target, reason), ids in checks.items():
        head, count = "UNSUPPORTED  ", f": {plural(len(ids), 'check')}"
        line = head + cut(f"{target}: {reason}", width - len(head) - len(count)) + count
        yield Text(line, Mark.UNSUPPORTED.style, no_wrap=True)
