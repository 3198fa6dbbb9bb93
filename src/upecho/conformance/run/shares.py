"""Divides a run into shares: the checks of one target over one family that one worker process runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from upecho.conformance.check import Check, Level
from upecho.conformance.run.selection import Pair, is_due
from upecho.conformance.run.verdicts.outcome import Identity
from upecho.net.address import Family
from upecho.serving.target import Kind, Target

MOST_PARTS = 4  # the longest check takes a quarter of the time of all, and each further part costs a start


@dataclass(frozen=True)
class Share:
    """Checks of one target over one family.

    Attributes:
        target: The target.
        family: The socket family.
        checks: The checks, in the order in which they run.
    """

    target: Target
    family: Family
    checks: Sequence[Check]

    def __str__(self) -> str:
        return f"{self.target.text} over {self.family}"

    def options(self) -> list[str]:
        """Return what is checked, apart from the checks, as options of the pytest plugin."""
        limit = self.target.max_clients
        return [
            f"--upecho-target={self.target.text}",
            f"--upecho-family={self.family}",
            *([] if limit is None else [f"--upecho-max-clients={limit}"]),
            *([f"--upecho-grace={self.target.grace}"] if self.target.kind is Kind.COMMAND else []),
        ]

    def levels(self) -> dict[str, Level]:
        """Return the level that each check has in this run, by its id."""
        return {check.id: check.level for check in self.checks}

    def identities(self) -> Iterator[Identity]:
        """Yield what each verdict of the share is about."""
        return (Identity(self.target.text, self.family, check.id) for check in self.checks)


def divide(pairs: Sequence[Pair], checks: Sequence[Check], jobs: int) -> list[Share]:
    """Return one share for each pair, or up to ``MOST_PARTS`` if there are more jobs than pairs.

    A server that the user started gets a single share, because it may serve only one client at a time.
    """
    parts = max(1, min(MOST_PARTS, jobs // max(1, len(pairs))))
    return [share for pair in pairs for share in _shares(pair, checks, parts) if share.checks]


def _shares(pair: Pair, checks: Sequence[Check], parts: int) -> list[Share]:
    target, family = pair
    due = [check for check in checks if is_due(check, target, family)]
    divisible = [check for check in due if not check.runs_last]
    if target.kind is Kind.ADDRESS or len(divisible) <= 1:
        return [Share(target, family, due)]
    last = [check for check in due if check.runs_last]
    return [Share(target, family, sorted([*some, *last], key=checks.index)) for some in _equal_parts(divisible, parts)]


def _equal_parts(checks: Sequence[Check], count: int) -> list[list[Check]]:
    """Divide checks into at most ``count`` parts that take about the same time; each check keeps its place."""
    parts: list[list[Check]] = [[] for _ in range(min(count, len(checks)))]
    for check in sorted(checks, key=lambda check: -check.seconds):
        min(parts, key=lambda part: sum(one.seconds for one in part)).append(check)
    return [sorted(part, key=checks.index) for part in parts]
