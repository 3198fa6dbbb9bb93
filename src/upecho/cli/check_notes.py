"""What ``upecho check`` says on stderr about verdicts, beside the table of them."""

import sys
from collections import defaultdict
from collections.abc import Sequence

from upecho.conformance.check import Check
from upecho.conformance.run.known import Known
from upecho.conformance.run.outcome import Outcome
from upecho.conformance.run.selection import Pairs
from upecho.serving.target import Kind

NEEDS_PROCESS = "needs the process, which upecho did not start"
NAMED = 5  # checks of many that are named on a line


def why_none_is_due(checks: Sequence[Check], pairs: Pairs) -> str:
    """Say for each of the checks why it is not due."""
    reasons = defaultdict(list)
    for check in checks:
        reasons[_why_not_due(check, pairs)].append(check.id)
    return "; ".join(f"{_some(names)}: {reason}" for reason, names in reasons.items())


def _why_not_due(check: Check, pairs: Pairs) -> str:
    if all(check.process and target.kind is Kind.ADDRESS for target, _ in pairs):
        return NEEDS_PROCESS
    if not check.families & {family for _, family in pairs}:
        return f"is about {', '.join(sorted(family.value for family in check.families))} only"
    return "is about servers that declare how many clients they serve at once (--max-clients)"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"


def tell_not_due(checks: Sequence[Check], pairs: Pairs) -> None:
    """Say how many checks were left out because they need a process that is not ours."""
    for target, family in pairs:
        count = sum(check.process and family in check.families for check in checks)
        if count and target.kind is Kind.ADDRESS:
            print(f"{count} checks need the process of {target.text} and were not due", file=sys.stderr)


def tell_works_anyway(outcomes: Sequence[Outcome]) -> None:
    """Say which limits that targets declare do not hold."""
    passed = defaultdict(list)
    for one in outcomes:
        if one.works_anyway:
            passed[one.target, one.family].append(one.check)
    for (target, family), checks in passed.items():
        print(f"{target} over {family}: declared unsupported, but works: {_some(checks)}", file=sys.stderr)


def tell_stale(known: Known, outcomes: Sequence[Outcome]) -> None:
    """Say which known failures fail no longer."""
    for line in known.complaints(outcomes):
        print(line, file=sys.stderr)
