"""Which targets over which families, and which checks are due there."""

from collections.abc import Sequence

from upecho.address import Family
from upecho.conformance.levels import Check
from upecho.errors import CallerError
from upecho.target import Kind, Target


def chosen(targets: Sequence[str], families: Sequence[str]) -> list[tuple[Target, Family]]:
    """Return each target with each family it is to be examined over.

    Raises:
        CallerError: a target or family that does not exist, or an address of another family than asked for.
        Unavailable: a target or family that this system lacks.
    """
    wanted = [Family(name) for name in dict.fromkeys(families)]
    for family in wanted:
        family.require()
    pairs = []
    for text in dict.fromkeys(targets):
        target = Target.parse(text)
        pairs += [(target, family) for family in _families_of(target, wanted)]
    return pairs


def is_due(check: Check, target: Target, family: Family) -> bool:
    """Whether a check makes sense there; if not it is left out, which is no verdict."""
    return family in check.families and not (check.process and target.kind is Kind.ADDRESS)


def _families_of(target: Target, wanted: list[Family]) -> list[Family]:
    if target.kind is not Kind.ADDRESS:
        return wanted or [family for family in Family if family.is_available()]
    own = target.address().family
    if wanted and own not in wanted:
        raise CallerError(f"{target.text} is of family {own.value}, not {' or '.join(f.value for f in wanted)}")
    return [own]
