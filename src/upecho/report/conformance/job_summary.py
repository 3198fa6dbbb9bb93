"""Renders verdicts as Markdown for the summary of a job in continuous integration: what failed first, the rest folded.

GitHub shows nothing if it has more than 1 MiB:
https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions#adding-a-markdown-summary
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from upecho.conformance.run.verdicts.document import Document
from upecho.conformance.run.verdicts.outcome import Identity, Outcome
from upecho.net.address import Family
from upecho.report.conformance import counts
from upecho.report.conformance.causes import Finding, also, findings
from upecho.report.conformance.known import known_failures
from upecho.report.conformance.marks import Mark, summary
from upecho.report.conformance.places import in_order, places
from upecho.report.markdown import block, code, details, escaped, table
from upecho.support.errors import HarnessError, TargetError
from upecho.support.text import plural

# Of causes with details. Each takes about 1 KiB, and the commands of some take 3 KiB, so these stay far below 1 MiB.
MAX_FINDINGS = 50
ABSENT = "_"  # in a cell of the matrix: the check has no verdict over this family
TITLES = {0: "passed", TargetError.exit_status: "failed", HarnessError.exit_status: "incomplete"}


def job_summary(document: Document, *, strict: bool) -> str:
    """Return the summary of a run.

    Args:
        document: The verdicts.
        strict: Whether a failed SHOULD check fails the run.
    """
    lines = [
        f"## upecho check: {TITLES[document.exit_status(strict=strict)]}",
        "",
        escaped(summary(document.verdicts, document.due, document.suite)),
        "",
        *unloaded(document.unusable.items()),
        *_stale(document.verdicts),
        *explained(document, document.verdicts),
        *_counts(document.verdicts),
        *_known(document.verdicts),
        *_matrix(document),
        escaped(f"upecho {document.upecho} · {document.python} · {document.platform}"),
    ]
    return "\n".join(lines) + "\n"


def unloaded(reasons: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield a line for each target whose code could not be loaded.

    Args:
        reasons: The targets, each with the reason.
    """
    for target, reason in reasons:
        yield f"**The code of {code(target)} could not be loaded:** {escaped(reason)}"
        yield ""


def explained(document: Document, outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield why checks did not pass, once for each cause; nothing about known failures.

    Args:
        document: The document that describes the checks.
        outcomes: The outcomes, some of which may have passed.
    """
    found = list(findings(list(outcomes), separate=False))
    for finding in found[:MAX_FINDINGS]:
        yield from _finding(document, finding)
    if more := len(found[MAX_FINDINGS:]):
        yield f"… and {plural(more, 'more cause')}."
        yield ""


def _finding(document: Document, finding: Finding) -> Iterator[str]:
    first = finding.same[0]
    check, why = document.checks[first.check], first.explanation
    where = f"{code(first.target)} over {', '.join(in_order(one.family for one in finding.same))}"
    yield f"**{escaped(first.check)}** ({check.level}), {Mark.of(first).meaning}: {where}"
    yield ""
    yield f"- requirement: {escaped(check.requirement)}"
    if first.cause:
        yield f"- cause: {escaped(first.cause)}"
    elif why:
        yield f"- expected: {code(why.expected)}"
        yield f"- seen: {code(why.seen)}"
    if first.fault:
        yield f"- error: {code(first.fault.message)}"
    yield from (f"- also {escaped(text)}" for text in also(finding.others))
    yield ""
    if why:
        yield from block(why.repeat, "sh")


def _stale(outcomes: Sequence[Outcome]) -> Iterator[str]:
    if stale := list(places(one for one in outcomes if one.is_stale)):
        yield "**Known failures that no longer fail** (the file of known failures needs an update):"
        yield ""
        yield from (f"- {code(one.target)} over {', '.join(one.families)}: {escaped(one.named())}" for one in stale)
        yield ""


def _counts(outcomes: Sequence[Outcome]) -> Iterator[str]:
    families, targets = in_order({one.family for one in outcomes}), _targets(outcomes)
    if not outcomes:
        return
    rows = [[code(target), *(counts.cell(outcomes, target, one).plain for one in families)] for target in targets]
    yield from table(["passed", *families], rows)
    yield _legend(outcomes)
    yield ""


def _known(outcomes: Sequence[Outcome]) -> Iterator[str]:
    known = list(known_failures(outcomes))
    if known:
        lines = [f"- {one.mark.meaning}: {escaped(one.where)}: {escaped(one.reason)}" for one in known]
        yield from details(f"Known failures: {len(known)}", [*lines, ""])


def _matrix(document: Document) -> Iterator[str]:
    marks = {one.identity: Mark.of(one) for one in document.verdicts}
    families, targets = in_order({one.family for one in document.verdicts}), _targets(document.verdicts)
    rows = [
        [
            escaped(check),
            description.level,
            *(_cell(marks, target, families=families, check=check) for target in targets),
        ]
        for check, description in document.checks.items()
    ]
    if not targets:
        return
    cells = f"Each cell, from left to right: {', '.join(families)}; {code(ABSENT)} without a verdict"
    yield from details("Every check", [cells, "", *table(["check", "level", *map(code, targets)], rows)])


def _cell(marks: Mapping[Identity, Mark], target: str, *, families: Sequence[Family], check: str) -> str:
    found = [marks.get(Identity(target, family, check)) for family in families]
    return code("".join(mark.character if mark else ABSENT for mark in found)) if any(found) else ""


def _legend(outcomes: Sequence[Outcome]) -> str:
    """Return the meaning of each mark that occurs, as below the matrix on a terminal."""
    used = set(map(Mark.of, outcomes))
    return ", ".join(f"{code(mark.character)} {mark.meaning}" for mark in Mark if mark in used)


def _targets(outcomes: Iterable[Outcome]) -> list[str]:
    return list(dict.fromkeys(one.target for one in outcomes))
