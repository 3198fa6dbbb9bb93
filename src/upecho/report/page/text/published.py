"""Lays out what others have published about servers, beside what was measured here."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from upecho.report.page import columns
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
    name, *texts = columns.published(claim)
    facts = zip(columns.PUBLISHED[1:], texts, strict=True)
    return f"{name}: {'; '.join(f'{head} {text}' for head, text in facts if text != columns.NONE)}"
