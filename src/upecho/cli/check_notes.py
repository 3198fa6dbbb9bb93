"""What ``upecho check`` says on stderr about verdicts, beside the table of them."""

import sys
from collections import defaultdict
from collections.abc import Sequence

from upecho.conformance.known import Known
from upecho.conformance.levels import Check
from upecho.conformance.selection import Pairs
from upecho.conformance.verdicts import Outcome
from upecho.target import Kind

NAMED = 5  # checks of many that are named on a line


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
        more = f" and {len(checks) - NAMED} more" if len(checks) > NAMED else ""
        line = f"{target} over {family}: declared unsupported, but works: {', '.join(checks[:NAMED])}{more}"
        print(line, file=sys.stderr)


def tell_stale(known: Known, outcomes: Sequence[Outcome]) -> None:
    """Say which known failures fail no longer."""
    for line in known.complaints(outcomes):
        print(line, file=sys.stderr)
