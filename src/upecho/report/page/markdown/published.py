"""Writes what others have published about servers, beside what was measured here."""

from collections.abc import Iterator, Sequence

from upecho.report.markdown import anchor, details, escaped, link, table
from upecho.report.page import quoted
from upecho.report.page.columns import NONE
from upecho.report.page.published_model import PublishedClaim, PublishedSource


def published(found: Sequence[PublishedSource]) -> Iterator[str]:
    """Yield a table of all claims, and below it each source with the conditions of its claims."""
    if found:
        yield from table(quoted.HEADS, [_row(source, claim) for source in found for claim in source.claims])
        for source in found:
            yield from _source(source)


def _row(source: PublishedSource, claim: PublishedClaim) -> list[str]:
    here = claim.nearest
    measured = [quoted.rate(here), quoted.cost(here), here.summary] if here else [claim.missing, NONE, NONE]
    first, *others = map(escaped, (claim.claim, claim.published, claim.conditions, *measured, claim.comparable))
    return [first, link(escaped(source.title), f"#{source.id}"), *others]


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
        yield from (f"- {escaped(name)}: {escaped(text)}" for name, text in quoted.about(claim))
    yield ""
