"""Where each event loop and framework diverges: the checks that failed on it, with the servers that failed them."""

from collections.abc import Iterator, Sequence

from upecho.conformance.check import Level
from upecho.conformance.run.verdicts.document import Document
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.report.page.building import identities
from upecho.report.page.model.conformance import Divergence

LOOP, FRAMEWORK, SERVER = "event loop", "framework", "server"
SCORED = (Level.MUST, Level.SHOULD)


def divergences(documents: Sequence[Document]) -> tuple[Divergence, ...]:
    """Return what failed on each event loop and framework, and on each other server; those without a failure last."""
    outcomes: dict[tuple[str, str], list[Outcome]] = {}
    unusable: dict[tuple[str, str], list[str]] = {}
    for document in documents:
        for one in document.verdicts:
            outcomes.setdefault(_subject(one.target), []).append(one)
        for target, reason in document.unusable.items():
            unusable.setdefault(_subject(target), []).append(f"{target}: {reason}")
    subjects = dict.fromkeys([*outcomes, *unusable])
    found = [_divergence(one, outcomes.get(one, []), unusable.get(one, [])) for one in subjects]
    return tuple(sorted(found, key=lambda one: one.is_clean))


def _subject(target: str) -> tuple[str, str]:
    """Return the name and the kind of what a verdict about a target says something about."""
    model, loop, framework = identities.parts(target)
    if loop:
        return loop, LOOP
    return (framework, FRAMEWORK) if framework else (model, SERVER)


def _divergence(subject: tuple[str, str], outcomes: Sequence[Outcome], unusable: Sequence[str]) -> Divergence:
    name, kind = subject
    return Divergence(
        name,
        kind,
        servers=tuple(dict.fromkeys(one.target for one in outcomes)),
        failures=tuple(_failures([one for one in outcomes if is_failure(one)])),
        unusable=tuple(unusable),
        not_run=len(_lost(outcomes)),
    )


def is_failure(outcome: Outcome) -> bool:
    """Whether a check failed; one that was not run says nothing about its requirement."""
    return outcome.level in SCORED and outcome.verdict is Verdict.FAILED


def _lost(outcomes: Sequence[Outcome]) -> set[str]:
    """Return the checks that failed nowhere, and were not run for a reason that no other failed check explains."""
    judged = [one for one in outcomes if one.level in SCORED]
    not_run = {one.check for one in judged if one.verdict is Verdict.NOT_RUN and not one.follows_from}
    return not_run - {one.check for one in judged if is_failure(one)}


def _failures(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, str]]:
    """Yield each failed check with the targets and families that failed it; targets with the same families together."""
    for check in dict.fromkeys(one.check for one in outcomes):
        where: dict[str, list[str]] = {}
        for one in outcomes:
            if one.check == check and one.family not in where.setdefault(one.target, []):
                where[one.target].append(one.family)
        by_families: dict[str, list[str]] = {}
        for target, families in where.items():
            by_families.setdefault(", ".join(families), []).append(target)
        yield check, "; ".join(f"{', '.join(targets)} over {families}" for families, targets in by_families.items())
