"""Selects the targets, the families that each is checked over, and the checks that are due there."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from upecho.conformance import revisions
from upecho.conformance.catalogue import by_id, catalogue
from upecho.conformance.check import Check
from upecho.net.address import Family
from upecho.serving.loading.declarations import Declared
from upecho.serving.target import COMMAND, Kind, Target
from upecho.support.errors import CallerError
from upecho.support.text import unknown_name

Pair = tuple[Target, Family]


def parse_targets(
    texts: Sequence[str],
    max_clients: int | None = None,
    *,
    grace: float | None = None,
    declared: Mapping[str, Declared] = MappingProxyType({}),
) -> list[Target]:
    """Return the targets that the user named, each once.

    Args:
        texts: The targets as the user wrote them.
        max_clients: Number of clients that a target serves at the same time, for targets that do not declare it.
        grace: Seconds that a command gives its clients after it was told to stop; None means the default.
        declared: What the modules of targets are already known to declare; the others are imported.

    Raises:
        CallerError: A target does not exist.
        Unavailable: A target needs something that this system lacks.
    """
    for text in texts:
        _expect_no_path(text)
    return [Target.parse(text, max_clients, grace=grace, declared=declared.get(text)) for text in dict.fromkeys(texts)]


def _expect_no_path(text: str) -> None:
    """Refuse the path of a program, which no name of an implementation can be.

    Raises:
        CallerError: The text is such a path; the message shows how to write it as a command.
    """
    if "/" in text and ":" not in text:
        command = text if "{" in text else f"{text} {{address}}"
        raise CallerError(f"unknown implementation {text!r}", hint=f'for a program write "{COMMAND}{command}"')


def select_checks(ids: Sequence[str], suite: str = "") -> list[Check]:
    """Return the checks with the given ids, in the order of the suite; all checks if there are no ids.

    Args:
        ids: The ids.
        suite: The revision of the suite whose levels the checks get; empty for the levels of this version.

    Raises:
        CallerError: No check has one of the ids, or there is no such revision.
    """
    for name in ids:
        if name not in by_id():
            raise CallerError(unknown_name("check", name, list(by_id())))
    return revisions.under(suite, [check for check in catalogue() if not ids or check.id in ids])


def pair_with_families(targets: Sequence[Target], families: Sequence[Family]) -> list[Pair]:
    """Return each target with each family that it is checked over.

    Args:
        targets: The targets.
        families: The families that the user asked for; if there are none, every available one that suits the target.

    Raises:
        CallerError: A target has an address of another family.
        Unavailable: This system lacks a family.
    """
    wanted = list(dict.fromkeys(families))
    for family in wanted:
        family.require()
    return [(target, family) for target in targets for family in _families_of(target, wanted)]


def is_due(check: Check, target: Target, family: Family) -> bool:
    """Return whether a check applies to a target over a family; one that does not apply gets no verdict."""
    return can_be_due(check, target, family) and (target.max_clients is not None or not check.limited)


def can_be_due(check: Check, target: Target, family: Family) -> bool:
    """Return whether a check applies, or would apply if the target declared a maximum number of clients."""
    if check.process and target.kind is Kind.ADDRESS:
        return False
    if check.silence and target.kind is not Kind.IMPLEMENTATION:
        return False
    return family in check.families and (family in target.families or target.kind is Kind.IMPLEMENTATION)


def _families_of(target: Target, wanted: list[Family]) -> list[Family]:
    """Return the families to check over; those that an implementation does not declare become "unsupported"."""
    if target.kind is Kind.IMPLEMENTATION:
        return wanted or [family for family in Family if family.is_available()]
    own = [family for family in Family if family in target.families and family.is_available()]
    for family in wanted:
        if family not in own:
            raise CallerError(f"{target.text} is of family {' or '.join(own)}, not {family}")
    return wanted or own
