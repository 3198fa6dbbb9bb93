"""Writes a page as Markdown that GitHub shows: sentences and charts first, long tables folded."""

import json
from collections.abc import Iterator, Sequence
from itertools import chain

from upecho.report.markdown import anchor, block, escaped, link
from upecho.report.page import columns
from upecho.report.page.building.across import across
from upecho.report.page.charts.rows import MEMORY, Row, rows
from upecho.report.page.markdown import tables, verdicts
from upecho.report.page.markdown.changes import changes
from upecho.report.page.markdown.pictures import Pictures
from upecho.report.page.markdown.published import published
from upecho.report.page.model.page import Page, Section, Source
from upecho.report.page.rendered import Rendered
from upecho.report.page.texts import CAPTIONS, INTRODUCTIONS, SECTIONS

ORIGIN = "<!-- made by upecho report; do not edit: "


def document(page: Page, directory: str) -> Rendered:
    """Return the page as Markdown.

    Args:
        page: What it shows.
        directory: Name of the directory beside the page that will contain the charts.
    """
    pictures = Pictures(directory)
    lines = [*_origin(page), f"# {escaped(page.title)}", ""]
    for name, content in _sections(page, pictures).items():
        if content:
            introduction = [escaped(INTRODUCTIONS[name]), ""] if name in INTRODUCTIONS else []
            lines += [anchor(name), "", f"## {escaped(SECTIONS[name])}", "", *introduction, *content]
    return Rendered("\n".join(lines).rstrip("\n") + "\n", pictures.files)


def _sections(page: Page, pictures: Pictures) -> dict[str, list[str]]:
    """Return the lines of each section; none if the files contain nothing for it."""
    found = page.conformance
    sections = {
        "findings": _findings(page),
        "changes": changes(page.changes) if page.changes else (),
        "cost": _cost(page, pictures),
        "pythons": _pythons(page, pictures),
        "load": _load(page, pictures),
        "sizes": _sizes(page, pictures),
        "memory": _memory(page, pictures),
        "families": tables.comparisons(page.comparisons),
        "conformance": verdicts.matrix(found) if found else (),
        "divergence": verdicts.divergence(found) if found else (),
        "published": published(page.published),
        "method": chain.from_iterable(map(_source, page.sources)),
    }
    return {name: list(lines) for name, lines in sections.items()}


def _origin(page: Page) -> Iterator[str]:
    """Yield a comment with what the page was made from."""
    origin = {"sources": [source.link or source.name for source in page.sources], "title": page.title}
    yield ORIGIN + json.dumps(origin).replace(">", r"\u003e") + " -->"
    yield ""


def _findings(page: Page) -> Iterator[str]:
    for one in page.claims:
        yield f"- **{link(escaped(columns.subject(one)), f'#{one.target}')}**: {escaped(one.text)}"
    if page.claims:
        yield ""
    if page.cautions:
        yield "**Cautions**"
        yield ""
        yield from tables.listed(page.cautions)


def _cost(page: Page, pictures: Pictures) -> Iterator[str]:
    if page.sections:
        yield escaped(f"{CAPTIONS['cost']} {CAPTIONS['speed']}")
        yield ""
    servers = rows(page)["servers"]
    for section in page.sections:
        yield from _scenario(section, [row for row in servers if row["section"] == section.id], pictures)


def _scenario(section: Section, servers: Sequence[Row], pictures: Pictures) -> Iterator[str]:
    title = f"{columns.title(section)}: {section.scenario.summary}"

    def chart(name: str, what: str) -> Iterator[str]:
        yield from pictures.lines(name, servers, where=_where(section), description=f"{what}, {title}")

    yield anchor(section.id)
    yield ""
    yield f"### {escaped(title)}"
    yield ""
    yield from tables.listed(section.remarks)
    yield from chart("cost", "CPU time per request")
    yield from tables.families(section, list(chart("speed", "Requests per second")))


def _pythons(page: Page, pictures: Pictures) -> Iterator[str]:
    sections = [section for section in page.sections if across(section)]
    if sections:
        yield escaped(CAPTIONS["pythons"])
        yield ""
    servers = rows(page)["servers"]
    for section in sections:
        title = f"{columns.title(section)}: {section.scenario.summary}"
        shown = [row for row in servers if row["section"] == section.id]
        yield anchor(f"pythons-{section.id}")
        yield ""
        yield f"### {escaped(title)}"
        yield ""
        yield from pictures.lines("pythons", shown, where=_where(section), description=f"across Pythons, {title}")
        yield from tables.across_pythons(across(section))


def _where(section: Section) -> str:
    return section.id.removeprefix("scenario-")


def _load(page: Page, pictures: Pictures) -> Iterator[str]:
    if page.load_curves:
        yield from _captioned("load", page, pictures)
        yield from tables.load(page.load_curves)


def _sizes(page: Page, pictures: Pictures) -> Iterator[str]:
    if page.size_curves:
        yield from tables.listed(page.crossings)
        servers = {columns.owner(one) for one in page.size_curves}
        yield from tables.folded("Charts", _captioned("sizes", page, pictures), count=len(servers), noun="server")
        yield from tables.sizes(page.size_curves)


def _memory(page: Page, pictures: Pictures) -> Iterator[str]:
    found = page.conformance
    records = [record for record in found.records if record.check == MEMORY] if found else []
    if found and records:
        yield from _captioned("memory", page, pictures)
        for record in records:
            yield from verdicts.recorded(found, record)


def _captioned(name: str, page: Page, pictures: Pictures) -> Iterator[str]:
    """Yield the only chart of its kind, below its caption."""
    yield escaped(CAPTIONS[name])
    yield ""
    yield from pictures.lines(name, rows(page)[name], where="", description=SECTIONS[name])


def _source(source: Source) -> Iterator[str]:
    name = escaped(source.name)
    yield f"### {link(name, source.link) if source.link else name}: {escaped(source.kind)}"
    yield ""
    yield from (f"- {escaped(name)}: {escaped(text)}" for name, text in source.facts.items())
    yield ""
    if source.command:
        yield from block(source.command, "sh")
