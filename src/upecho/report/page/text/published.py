"""Lays out what others have published about servers, beside what was measured here."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from upecho.report.page import quoted
from upecho.report.page.published_model import PublishedClaim, PublishedSource
from upecho.report.page.text.lines import INDENT, paragraph, subheading


def published(found: Sequence[PublishedSource], width: int) -> Iterator[Text]:
    """Yield each source, and its claims with what was measured."""
    for source in found:
        yield subheading(source.title, source.date)
        yield from paragraph(source.address, width, style="dim")
        for claim in source.claims:
            yield from paragraph(_sentence(claim), width, indent=INDENT)
        yield Text()


def _sentence(claim: PublishedClaim) -> str:
    here = claim.nearest
    measured = (
        f"measured here: requests/s {quoted.rate(here)}, CPU time {quoted.cost(here)} ({here.summary})"
        if here
        else claim.missing
    )
    published = f"published: {claim.published} ({claim.conditions})"
    return f"{claim.claim}; {published}; {measured}; comparable: {claim.comparable}."
