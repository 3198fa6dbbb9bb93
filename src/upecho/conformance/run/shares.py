"""What each worker of a run has to do: the due checks of a target over a family, or a share of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from upecho.conformance.check import Check
from upecho.conformance.run.selection import is_due
from upecho.net.address import Family
from upecho.serving.target import Kind, Target

Identity = tuple[str, str, str]  # of an outcome: target, family and check


@dataclass(frozen=True)
class Share:
    """Some checks of one target over one family."""

    target: Target
    family: Family
    checks: Sequence[Check]

    def __str__(self) -> str:
        return f"{self.target.text} over {self.family.value}"

    def options(self) -> list[str]:
        """Return it as options of ``plugin``."""
        limit = [] if self.target.max_clients is None else [f"--max-clients={self.target.max_clients}"]
        checks = [f"--check={check.id}" for check in self.checks]
        return [f"--target={self.target.text}", f"--family={self.family.value}", *limit, *checks]

    def identities(self) -> Iterator[Identity]:
        """Yield what tells its outcomes apart."""
        return ((self.target.text, self.family.value, check.id) for check in self.checks)


def deal(pairs: Sequence[tuple[Target, Family]], checks: Sequence[Check], jobs: int) -> list[Share]:
    """Return one share for each pair, or several if there are more jobs than pairs.

    A server that somebody else started gets a single one: it may serve one client only.
    """
    return [
        share
        for target, family in pairs
        for share in _shares(target, family, checks, max(1, jobs // len(pairs)))
        if share.checks
    ]


def _shares(target: Target, family: Family, checks: Sequence[Check], parts: int) -> list[Share]:
    due = [check for check in checks if is_due(check, target, family)]
    single = [check for check in due if not check.looks_back]
    if target.kind is Kind.ADDRESS or len(single) <= 1:
        return [Share(target, family, due)]
    # Checks of one topic, which stand together, take about as long: dealt out, each share gets some of them.
    dealt = [single[first::parts] for first in range(parts)]
    last = [check for check in due if check.looks_back]
    return [Share(target, family, [*some, *last]) for some in dealt if some]
