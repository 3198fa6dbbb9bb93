"""What others have published beside what was measured here, as text: the same in every format."""

from collections.abc import Iterator

from upecho.report.page.columns import NONE, ratio_text
from upecho.report.page.published_model import Nearest, PublishedClaim

HEADS = (
    "A to B",
    "source",
    "published",
    "conditions of the claim",
    "requests/s measured here [95% interval]",
    "CPU time measured here [95% interval]",
    "conditions here",
    "comparable?",
)


def rate(here: Nearest) -> str:
    """Return the measured ratio of requests per second, and what restricts the measurement."""
    return "; ".join(filter(None, (ratio_text(here.rate, has_interval=here.has_interval), here.note)))


def cost(here: Nearest) -> str:
    """Return the measured ratio of CPU time."""
    return ratio_text(here.cpu, has_interval=here.has_interval) if here.cpu else NONE


def about(claim: PublishedClaim) -> Iterator[tuple[str, str]]:
    """Yield what is known about a claim and its measurement, by name."""
    yield "published", f"{claim.published} ({claim.figures})"
    here = claim.nearest
    if here:
        yield "measured here", f"requests/s {rate(here)}; CPU time {cost(here)}"
        yield from ((f"{name} here", text) for name, text in here.conditions.items())
    else:
        yield "measured here", claim.missing
    yield "comparable?", f"{claim.comparable}: {claim.remark}"
