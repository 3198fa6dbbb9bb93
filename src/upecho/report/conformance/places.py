"""Groups outcomes by where they occurred, so that a line can name all checks of a target over the same families."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from upecho.conformance.run.verdicts.outcome import Outcome
from upecho.net.address import Family
from upecho.support.text import plural

ORDER = list(Family)


@dataclass(frozen=True)
class Place:
    """The checks of one target that have something in common over the same families.

    Attributes:
        target: The target as the user named it.
        families: The families, in the order of ``Family``.
        checks: Ids of the checks, each once, in the order of the outcomes.
    """

    target: str
    families: tuple[Family, ...]
    checks: tuple[str, ...]

    @property
    def where(self) -> str:
        """The target and the families."""
        return over(self.target, self.families)

    def named(self, at_most: int | None = None) -> str:
        """Return the ids of the checks.

        Args:
            at_most: Number of checks above which only their number is given; None names them all.
        """
        is_long = at_most is not None and len(self.checks) > at_most
        return plural(len(self.checks), "check") if is_long else ", ".join(self.checks)


def places(outcomes: Iterable[Outcome]) -> Iterator[Place]:
    """Yield the places of outcomes, in the order in which their targets first occur."""
    families: dict[tuple[str, str], set[Family]] = defaultdict(set)
    for one in outcomes:
        families[one.target, one.check].add(one.family)
    checks = defaultdict(list)
    for (target, check), found in families.items():
        checks[target, in_order(found)].append(check)
    targets = list(dict.fromkeys(target for target, _ in families))
    for (target, where), ids in sorted(checks.items(), key=lambda item: targets.index(item[0][0])):
        yield Place(target, where, tuple(ids))


def in_order(families: Iterable[Family]) -> tuple[Family, ...]:
    """Return families in their usual order."""
    return tuple(sorted(families, key=ORDER.index))


def over(target: str, families: Iterable[Family]) -> str:
    """Return a target with families, as in ``threads over inet, unix``."""
    return f"{target} over {', '.join(families)}"
