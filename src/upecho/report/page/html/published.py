"""Writes what others have published about servers, beside what was measured here."""

from collections.abc import Sequence

from upecho.report.page import identities, quoted
from upecho.report.page.columns import NONE
from upecho.report.page.html.markup import Html, element, facts, join
from upecho.report.page.html.tables import grid, row, scrolled
from upecho.report.page.published_model import PublishedClaim, PublishedSource


def published(found: Sequence[PublishedSource]) -> Html:
    """Return a table of all claims, and below it each source with the conditions of its claims."""
    rows = [_row(source, claim) for source in found for claim in source.claims]
    table = scrolled(
        grid("Published and measured ratios", quoted.HEADS, rows, class_="words"), "Published and measured ratios"
    )
    return join((table, *map(_source, found)))


def _row(source: PublishedSource, claim: PublishedClaim) -> Html:
    here, pair = claim.nearest, {}
    if here:
        model, loop, framework = identities.parts(here.a)
        pair = {"data_model": model, "data_loop": loop, "data_framework": framework, "data_python": here.python}
    return row(
        claim.claim,
        element("a", source.title, href=f"#{source.id}"),
        claim.published,
        claim.conditions,
        quoted.rate(here) if here else claim.missing,
        quoted.cost(here) if here else NONE,
        here.summary if here else NONE,
        claim.comparable,
        **pair,
    )


def _source(source: PublishedSource) -> Html:
    claims = [
        element("article", element("h4", claim.claim), facts(dict(quoted.about(claim)))) for claim in source.claims
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
