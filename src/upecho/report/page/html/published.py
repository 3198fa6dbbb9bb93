"""Writes what others have published about servers, beside what was measured here."""

from collections.abc import Iterator, Sequence

from upecho.measure.statistics.ratios import Ratio
from upecho.report.page import identities
from upecho.report.page.columns import NONE, ratio_text
from upecho.report.page.html.markup import Html, element, facts, join
from upecho.report.page.html.tables import grid, row, scrolled
from upecho.report.page.published_model import Nearest, PublishedClaim, PublishedSource

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


def published(found: Sequence[PublishedSource]) -> Html:
    """Return a table of all claims, and below it each source with the conditions of its claims."""
    rows = [_row(source, claim) for source in found for claim in source.claims]
    table = scrolled(
        grid("Published and measured ratios", HEADS, rows, class_="words"), "Published and measured ratios"
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
        _rate(here) if here else claim.missing,
        _text(here.cpu, here) if here else NONE,
        here.summary if here else NONE,
        claim.comparable,
        **pair,
    )


def _rate(here: Nearest) -> str:
    return "; ".join(filter(None, (_text(here.rate, here), here.note)))


def _text(ratio: Ratio | None, here: Nearest) -> str:
    return ratio_text(ratio, has_interval=here.has_interval) if ratio else NONE


def _source(source: PublishedSource) -> Html:
    claims = [element("article", element("h4", claim.claim), facts(dict(_about(claim)))) for claim in source.claims]
    address = element("a", source.address, href=source.address, rel="noreferrer")
    return element(
        "details",
        element("summary", f"{source.title}: conditions and figures"),
        element("p", address, f", {source.date}"),
        facts(source.conditions),
        *claims,
        id=source.id,
    )


def _about(claim: PublishedClaim) -> Iterator[tuple[str, str]]:
    """Yield what is known about a claim and its measurement, by name."""
    yield "published", f"{claim.published} ({claim.figures})"
    here = claim.nearest
    if here:
        yield "measured here", f"requests/s {_rate(here)}; CPU time {_text(here.cpu, here)}"
        yield from ((f"{name} here", text) for name, text in here.conditions.items())
    else:
        yield "measured here", claim.missing
    yield "comparable?", f"{claim.comparable}: {claim.remark}"
