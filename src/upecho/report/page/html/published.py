"""Writes what others have published about servers, beside what was measured here."""

from collections.abc import Sequence

from upecho.report.page import columns
from upecho.report.page.building import identities
from upecho.report.page.html.markup import Html, element, facts, join
from upecho.report.page.html.tables import grid, identity, row, scrolled
from upecho.report.page.model.published import PublishedClaim, PublishedSource

TITLE = "Published and measured ratios"


def published(found: Sequence[PublishedSource]) -> Html:
    """Return a table of all claims, and below it each source with the conditions of its claims."""
    rows = [_row(source, claim) for source in found for claim in source.claims]
    claim, *others = columns.PUBLISHED
    table = scrolled(grid(TITLE, [claim, "source", *others], rows, class_="words claims"), TITLE)
    return join((table, *map(_source, found)))


def _row(source: PublishedSource, claim: PublishedClaim) -> Html:
    name, *others = columns.published(claim)
    here = claim.nearest
    selected_by = identity(identities.subject(here.a, here.python), here.family) if here else {}
    return row(name, element("a", source.title, href=f"#{source.id}"), *others, **selected_by)


def _source(source: PublishedSource) -> Html:
    claims = [
        element("article", element("h3", claim.claim), facts(dict(columns.published_facts(claim))), class_="reason")
        for claim in source.claims
    ]
    address = element("a", source.address, href=source.address, rel="noreferrer")
    return element(
        "details",
        element("summary", f"{source.title}: conditions and figures"),
        element("p", address, f", {source.date}"),
        facts(source.conditions),
        *claims,
        id=source.id,
    )
