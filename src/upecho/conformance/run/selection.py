"""Which targets over which families, and which checks are due there."""

from collections.abc import Sequence

from upecho.conformance.check import Check
from upecho.net.address import Family
from upecho.serving.target import Kind, Target
from upecho.support.errors import CallerError

Pairs = Sequence[tuple[Target, Family]]


def chosen(
    targets: Sequence[str], families: Sequence[str], max_clients: int | None = None
) -> list[tuple[Target, Family]]:
    """Return each target with each family it is to be examined over.

    ``max_clients`` is how many clients those serve at once that do not declare it themselves.

    Raises:
        CallerError: a target, family or number that does not exist, or an address of another family than asked for.
        Unavailable: a target or family that this system lacks.
    """
    if max_clients is not None and max_clients < 1:
        raise CallerError(f"--max-clients is {max_clients}; it must be at least 1")
    wanted = [Family(name) for name in dict.fromkeys(families)]
    for family in wanted:
        family.require()
    pairs = []
    for text in dict.fromkeys(targets):
        target = Target.parse(text, max_clients)
        pairs += [(target, family) for family in _families_of(target, wanted)]
    return pairs


def is_due(check: Check, target: Target, family: Family) -> bool:
    """Whether a check makes sense there; if not it is left out, which is no verdict."""
    return can_be_due(check, target, family) and (target.max_clients is not None or not check.limited)


def can_be_due(check: Check, target: Target, family: Family) -> bool:
    """Whether a check makes sense there, or would if the target served only so many clients at once."""
    if check.process and target.kind is Kind.ADDRESS:
        return False
    return family in check.families and (family in target.families or target.kind is Kind.IMPLEMENTATION)


def _families_of(target: Target, wanted: list[Family]) -> list[Family]:
    """Return the families to examine; those that an implementation declares not to serve are "unsupported" there."""
    if target.kind is Kind.IMPLEMENTATION:
        return wanted or [family for family in Family if family.is_available()]
    own = [family for family in Family if family in target.families and family.is_available()]
    for family in wanted:
        if family not in own:
            known = " or ".join(one.value for one in own)
            raise CallerError(f"{target.text} is of family {known}, not {family.value}")
    return wanted or own
