"""What ``upecho check`` reports on stderr, beside the verdicts on stdout."""

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence

from upecho.conformance.catalogue import by_id
from upecho.conformance.check import Check
from upecho.conformance.run.check_run import Plan
from upecho.conformance.run.known_failures.known import Known
from upecho.conformance.run.verdicts.outcome import Outcome
from upecho.net.address import Family
from upecho.serving.target import Kind
from upecho.support.text import plural

NEEDS_PROCESS = "needs a server process that upecho started"
NEEDS_SILENCE = "applies only to implementations, since stderr is the log of a command"
NEEDS_LIMIT = "applies only to targets that declare a maximum number of clients (--max-clients)"
MAX_NAMED = 5  # checks that one line names


def why_none_is_due(plan: Plan) -> str:
    """Return for each selected check why it is not due; checks with the same reason share a clause."""
    reasons = defaultdict(list)
    for check in plan.checks:
        reasons[_why_not_due(check, plan)].append(check.id)
    return "; ".join(f"{_named(ids)}: {reason}" for reason, ids in reasons.items())


def _why_not_due(check: Check, plan: Plan) -> str:
    if all(check.process and target.kind is Kind.ADDRESS for target, _ in plan.pairs):
        return NEEDS_PROCESS
    if check.silence and all(target.kind is not Kind.IMPLEMENTATION for target, _ in plan.pairs):
        return NEEDS_SILENCE
    if not check.families & {family for _, family in plan.pairs}:
        return f"applies only to {', '.join(sorted(check.families))}"
    return NEEDS_LIMIT


def _named(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - MAX_NAMED} more" if len(ids) > MAX_NAMED else ""
    return f"{', '.join(ids[:MAX_NAMED])}{more}"


def tell_limited(limited: Mapping[str, str]) -> None:
    """Report which targets are not checked because this system lacks something that their event loop needs."""
    for target, reason in limited.items():
        print(f"skipping {target}: {reason}", file=sys.stderr)


def tell_unusable(plan: Plan) -> None:
    """Report which targets are not checked because their code cannot be used."""
    for target, reason in plan.unusable.items():
        print(f"upecho: {target}: {reason}", file=sys.stderr)


def tell_not_due(plan: Plan) -> None:
    """Report how many checks were left out because they need a process that upecho did not start."""
    for target, family in plan.pairs:
        count = sum(check.process and family in check.families for check in plan.checks)
        if count and target.kind is Kind.ADDRESS:
            left_out = plural(count, "check")
            print(f"{target.text}: {left_out} left out, because upecho did not start the server", file=sys.stderr)


def tell_works_anyway(outcomes: Sequence[Outcome]) -> None:
    """Report which checks passed although the target declares that it does not support them."""
    passed: dict[tuple[str, Family], set[str]] = defaultdict(set)
    for one in outcomes:
        if one.works_anyway:
            passed[one.target, one.family].add(one.check)
    for (target, family), checks in passed.items():
        in_order = [check for check in by_id() if check in checks]  # outcomes arrive in any order
        print(f"{target} over {family}: declared unsupported, but works: {_named(in_order)}", file=sys.stderr)


def tell_stale(known: Known, outcomes: Sequence[Outcome]) -> None:
    """Report which known failures no longer fail."""
    for line in known.complaints(outcomes):
        print(line, file=sys.stderr)
