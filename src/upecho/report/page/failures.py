"""What failed on an event loop or framework, in few words: checks that fail in the same place for the same reason."""

from dataclasses import dataclass

from upecho.report.page.model.conformance import Conformance, Divergence


@dataclass(frozen=True)
class Reason:
    """Why a failure is known.

    Attributes:
        text: The reason.
        link: Address of a page with more about it; empty if there is none.
    """

    text: str
    link: str


@dataclass(frozen=True)
class Failures:
    """Checks that failed on a loop in the same place and, as far as is known, for the same reasons.

    Attributes:
        checks: Ids of the checks.
        where: Targets and families that failed them.
        known: Why the failures are known, as far as they are.
    """

    checks: tuple[str, ...]
    where: str
    known: tuple[Reason, ...]


def failures(found: Conformance, diverging: Divergence) -> tuple[Failures, ...]:
    """Return what failed on an event loop, a framework or another server, in the order of the checks."""
    grouped: dict[tuple[str, tuple[Reason, ...]], list[str]] = {}
    for check, where in diverging.failures:
        grouped.setdefault((where, _known(found, diverging, check)), []).append(check)
    return tuple(Failures(tuple(checks), where, known) for (where, known), checks in grouped.items())


def _known(found: Conformance, diverging: Divergence, check: str) -> tuple[Reason, ...]:
    details = [one for one in found.details if one.target in diverging.servers and check in one.checks]
    return tuple(dict.fromkeys(Reason(one.known, _web_address(one.link)) for one in details if one.known))


def _web_address(link: str) -> str:
    """Return a link that a reader may follow; empty for text of any other kind."""
    return link if link.startswith(("https://", "http://")) else ""
