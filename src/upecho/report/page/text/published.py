"""Lays out what others have published about servers, beside what was measured here."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from upecho.report.page import columns
from upecho.report.page.model.published import PublishedClaim, PublishedSource
from upecho.report.page.text.lines import INDENT, paragraph, subheading


def published(found: Sequence[PublishedSource], width: int) -> Iterator[Text]:
    """Yield each source, and its claims with what was measured."""
    for source in found:
        yield subheading(source.title, source.date)
        yield from paragraph(source.address, width, style="dim")
        for claim in source.claims:
            yield from paragraph(_beside(claim), width, indent=INDENT)
        yield Text()


def _beside(claim: PublishedClaim) -> str:
    """Return a published claim and what was measured, as one sentence."""
    text = f"{claim.claim}: published {claim.published} ({claim.conditions})"
    if not (here := claim.nearest):
        return f"{text}; {claim.missing}"
    measured = f"requests/s {columns.published_rate(here)}, CPU time {columns.published_cpu(here)} ({here.summary})"
    return f"{text}; measured here: {measured}; comparable: {claim.comparable}"
