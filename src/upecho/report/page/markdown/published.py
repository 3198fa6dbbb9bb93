"""Writes what others have published about servers, beside what was measured here."""

from collections.abc import Iterator, Sequence

from upecho.report.markdown import anchor, details, escaped, link, table
from upecho.report.page import columns
from upecho.report.page.markdown.tables import folded
from upecho.report.page.model.published import PublishedClaim, PublishedSource


def published(found: Sequence[PublishedSource]) -> Iterator[str]:
    """Yield a table of all claims, and below it each source with the conditions of its claims."""
    if found:
        claim, *others = columns.PUBLISHED
        rows = [_row(source, one) for source in found for one in source.claims]
        lines = table([claim, "source", *others], rows)
        yield from folded("Published and measured ratios", lines, count=len(rows), noun="claim")
        for source in found:
            yield from _source(source)


def _row(source: PublishedSource, claim: PublishedClaim) -> list[str]:
    name, *others = map(escaped, columns.published(claim))
    return [name, link(escaped(source.title), f"#{source.id}"), *others]


def _source(source: PublishedSource) -> Iterator[str]:
    yield anchor(source.id)
    yield ""
    yield from details(f"{source.title}: conditions and figures", _facts(source))


def _facts(source: PublishedSource) -> Iterator[str]:
    yield f"{link(escaped(source.address), source.address)}, {escaped(source.date)}"
    yield ""
    yield from (f"- {escaped(name)}: {escaped(text)}" for name, text in source.conditions.items())
    for claim in source.claims:
        yield ""
        yield f"**{escaped(claim.claim)}**"
        yield ""
        yield from (f"- {escaped(name)}: {escaped(text)}" for name, text in columns.published_facts(claim))
    yield ""
