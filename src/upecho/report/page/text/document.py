"""Lays out a page for a terminal: sentences first, then tables, then how everything was measured."""

from collections.abc import Iterable, Iterator
from itertools import chain

from rich.console import Group, RenderableType
from rich.text import Text

from upecho.report.page import columns
from upecho.report.page.charts.rows import MEMORY
from upecho.report.page.model.page import Page, Source
from upecho.report.page.text import figures, verdicts
from upecho.report.page.text.changes import changes
from upecho.report.page.text.lines import INDENT, heading, paragraph, subheading
from upecho.report.page.text.published import published
from upecho.report.page.texts import INTRODUCTIONS, SECTIONS
from upecho.support.text import printable


def document(page: Page, width: int) -> RenderableType:
    """Return the page as text, which has to be printed without cropping: commands are never wrapped.

    Args:
        page: What it shows.
        width: Width of the terminal, in characters.
    """
    lines: list[Text] = [subheading(page.title, style="bold"), Text()]
    for name, part in _sections(page, width).items():
        if content := list(part):
            lines += heading(SECTIONS[name])
            if introduction := INTRODUCTIONS.get(name):
                lines += [*paragraph(introduction, width, style="dim"), Text()]
            lines += content
    return Group(*lines)


def _sections(page: Page, width: int) -> dict[str, Iterable[Text]]:
    """Return the lines of each section; none if the files contain nothing for it."""
    found = page.conformance
    memory = [record for record in found.records if record.check == MEMORY] if found else []
    return {
        "findings": _findings(page, width),
        "changes": changes(page.changes, width) if page.changes else (),
        "cost": chain.from_iterable(figures.scenario(one, width) for one in page.sections),
        "pythons": chain.from_iterable(figures.pythons(one, width) for one in page.sections),
        "load": figures.load(page.load_curves, width),
        "sizes": figures.sizes(page, width),
        "memory": chain.from_iterable(verdicts.recorded(found, one, width) for one in memory) if found else (),
        "families": figures.comparisons(page.comparisons, width),
        "conformance": verdicts.matrix(found, width) if found else (),
        "divergence": verdicts.divergence(found, width) if found else (),
        "published": published(page.published, width),
        "method": chain.from_iterable(_source(one, width) for one in page.sources),
    }


def _findings(page: Page, width: int) -> Iterator[Text]:
    for one in page.claims:
        yield subheading(columns.subject(one))
        yield from paragraph(one.text, width, indent=INDENT)
    if page.claims:
        yield Text()
    for caution in page.cautions:
        yield from paragraph(caution, width, style="yellow")
    if page.cautions:
        yield Text()


def _source(source: Source, width: int) -> Iterator[Text]:
    yield subheading(source.name, source.kind, style="bold")
    for name, text in source.facts.items():
        yield from paragraph(f"{name}: {text}", width, indent=INDENT)
    if source.command:
        yield Text(INDENT + printable(source.command), no_wrap=True, overflow="ignore")
    yield Text()
