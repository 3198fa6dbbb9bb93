"""Writes a page as one HTML file that needs nothing else: neither a server nor a network."""

import base64
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib import resources
from typing import Any

from upecho.report.page import columns
from upecho.report.page.building.across import across
from upecho.report.page.charts import specifications as charts
from upecho.report.page.charts.rows import MEMORY, rows
from upecho.report.page.html import changes, matrix, tables
from upecho.report.page.html.markup import Html, element, facts, join
from upecho.report.page.html.published import published
from upecho.report.page.model.page import Claim, Page, Section, Source
from upecho.report.page.texts import CAPTIONS, INTRODUCTIONS, SECTIONS

FILTERS = ("model", "loop", "framework", "python", "family")


def document(page: Page, library: str) -> str:
    """Return the page as HTML.

    Args:
        page: What it shows.
        library: The scripts that draw charts: Vega, Vega-Lite and Vega-Embed.
    """
    parts = {name: content for name, content in _sections(page).items() if content}
    body = [
        element("a", "Skip to the content", href="#content", class_="skip"),
        element("header", element("h1", page.title), _navigation(parts)),
        element("noscript", element("p", "Charts and filters need scripts; the tables do not.")),
        element("form", id="filters", aria_label="Filters", hidden=True),
        element("main", *(_section(name, content) for name, content in parts.items()), id="content"),
        element("dialog", id="reason", aria_label="Reason"),
        *_scripts(page, library),
    ]
    head = [
        element("meta", charset="utf-8"),
        element("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name_="color-scheme", content="light dark"),
        element("title", page.title),
        element("style", Html(_own("style.css"))),
    ]
    return f"<!doctype html>\n{element('html', element('head', *head), element('body', *body), lang='en')}\n"


def _navigation(parts: dict[str, Html]) -> Html:
    links = [element("li", element("a", SECTIONS[name], href=f"#{name}")) for name in parts]
    return element("nav", element("ul", *links), aria_label="Sections")


def _section(name: str, content: Html) -> Html:
    heading = element("h2", SECTIONS[name], id=f"{name}-title")
    introduction = element("p", INTRODUCTIONS[name], class_="note") if name in INTRODUCTIONS else Html()
    return element("section", heading, introduction, content, id=name, aria_labelledby=f"{name}-title")


def _sections(page: Page) -> dict[str, Html]:
    """Return the content of each section; empty if the files contain nothing for it."""
    found = page.conformance
    memory = [record for record in found.records if record.check == MEMORY] if found else []
    return {
        "findings": _findings(page),
        "changes": changes.changes(page.changes) if page.changes else Html(),
        "cost": join((_contents(page.sections), *map(_scenario, page.sections))),
        "pythons": join(map(_pythons, page.sections)),
        "load": join((_chart("load", ""), tables.load_table(page.load_curves))) if page.load_curves else Html(),
        "sizes": _sizes(page),
        "memory": join((_chart("memory", ""), *(matrix.recorded(found, one) for one in memory)))
        if found and memory
        else Html(),
        "families": tables.comparisons(page.comparisons) if page.comparisons else Html(),
        "conformance": _conformance(page),
        "divergence": matrix.divergence(found) if found else Html(),
        "published": published(page.published) if page.published else Html(),
        "method": join(map(_source, page.sources)),
    }


def _findings(page: Page) -> Html:
    parts = [_statements(run, [one for one in page.claims if one.run == run]) for run in _runs(page)]
    cautions = element("aside", tables.listed(page.cautions), aria_label="Cautions") if page.cautions else Html()
    return join((*parts, cautions))


def _runs(page: Page) -> list[str]:
    return list(dict.fromkeys(one.run for one in page.claims))


def _statements(run: str, claims: Sequence[Claim]) -> Html:
    entries: list[Html] = []
    for one in claims:
        entries += [element("dt", element("a", one.subject, href=f"#{one.target}")), element("dd", one.text)]
    return join((element("h3", run) if run else Html(), element("dl", *entries)))


def _contents(sections: Sequence[Section]) -> Html:
    """Return links to scenarios, a line for each run; nothing for one scenario."""
    if len(sections) < 2:
        return Html()
    lines = []
    for run in dict.fromkeys(section.run for section in sections):
        links = [element("a", one.scenario.name, href=f"#{one.id}") for one in sections if one.run == run]
        lines.append(element("li", f"{run}: " if run else "", join(links, " · ")))
    return element("nav", element("ul", *lines), aria_label="Scenarios", class_="contents")


def _scenario(section: Section) -> Html:
    names = ["cost", "speed", "percentiles"]
    shown = [
        part
        for table in section.tables
        for part in (tables.family_table(section, table), tables.causes_table(section, table))
    ]
    return element(
        "article",
        _heading(section),
        tables.listed(section.remarks),
        *(_chart(name, section.id) for name in names),
        element("details", element("summary", "Tables"), *shown, class_="tables", open=True),
        id=section.id,
    )


def _pythons(section: Section) -> Html:
    found = across(section)
    if not found:
        return Html()
    shown = [tables.across_pythons(section, one) for one in found]
    return element("article", _heading(section), _chart("pythons", section.id), *shown, id=f"pythons-{section.id}")


def _heading(section: Section) -> Html:
    return element("h3", columns.title(section), element("small", f" {section.scenario.summary}"))


def _chart(name: str, section: str) -> Html:
    parts = (element("figcaption", CAPTIONS[name]), element("div"), element("p", class_="note"))
    return element("figure", *parts, class_="chart", data_chart=name, data_section=section, hidden=True)


def _sizes(page: Page) -> Html:
    if not page.size_curves:
        return Html()
    return join((_chart("sizes", ""), tables.listed(page.crossings), tables.size_table(page.size_curves)))


def _conformance(page: Page) -> Html:
    found = page.conformance
    if not found:
        return Html()
    others = [matrix.recorded(found, one) for one in found.records if one.check != MEMORY]
    values = element("details", element("summary", "Recorded values"), *others) if others else Html()
    return join((matrix.matrix(found), values))


def _source(source: Source) -> Html:
    command = {"command": element("code", source.command)} if source.command else {}
    name = element("a", source.name, href=source.link) if source.link else source.name
    return element(
        "article",
        element("h3", source.name, element("small", f" {source.kind}")),
        facts({"file": name, **source.facts, **command}),
    )


def _scripts(page: Page, library: str) -> Iterator[Html]:
    """Yield the data of the charts and the scripts that draw them, both compressed, and the script of the page."""
    for name, text in (("data", json.dumps(_data(page), allow_nan=False)), ("library", library)):
        yield element("script", Html(compressed(text)), type_="application/gzip", id=name)
    yield element("script", Html(_own("script.js")))


def compressed(text: str) -> str:
    """Return text compressed with gzip, in base64; the same text always gives the same."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _data(page: Page) -> dict[str, Any]:
    columns = page.conformance.columns if page.conformance else ()
    return {
        "title": page.title,
        "sources": [source.link or source.name for source in page.sources],
        "filters": FILTERS,
        "charts": charts.specs(),
        "config": charts.CONFIG,
        "limits": {"rows": charts.MAX_ROWS, "lines": charts.MAX_LINES, "lineOf": charts.OF_LINES},
        "rows": rows(page),
        "looks": matrix.LOOKS,
        "evidence": matrix.evidence(page.conformance.details) if page.conformance else [],
        "columns": [[asdict(subject) for subject in column.subjects] for column in columns],
    }


def _own(name: str) -> str:
    """Return a file of this package."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
