"""Writes the conformance matrix, the requirements, and the reasons behind the cells that are no passes."""

import itertools
import shlex
from collections.abc import Iterator, Sequence

from upecho.conformance.check import Level
from upecho.conformance.findings import Event, Wire
from upecho.net.address import Family
from upecho.report.conformance.marks import Mark
from upecho.report.page import columns
from upecho.report.page.html.markup import Html, element, join
from upecho.report.page.html.tables import grid, identity, row, scrolled
from upecho.report.page.model.conformance import (
    Cell,
    CheckRow,
    Column,
    Conformance,
    Detail,
    Divergence,
    Record,
)

LOOKS = {"wire": "pre", "stderr": "pre", "repeat": "code"}  # elements for facts that are no sentences
ALL_PASSED = Mark.PASSED.character
CLASSES = {mark.character: mark.name.lower().replace("_", "-") for mark in Mark}


def matrix(found: Conformance) -> Html:
    """Return the matrix, what its marks mean, the requirements, and the reasons."""
    heads = [element("th", "check", scope="col"), element("th", "level", scope="col")]
    heads += [_column_head(number, column) for number, column in enumerate(found.columns)]
    body = [part for number, check in enumerate(found.checks) for part in _rows(found, number, check)]
    table = element(
        "table",
        element("caption", f"{len(found.checks)} checks, {len(found.columns)} targets, {found.verdicts} verdicts"),
        element("thead", element("tr", *heads), _totals(found.columns)),
        element("tbody", *body),
        class_="matrix",
    )
    several = f"A cell that does not pass everywhere has a mark for each family: {', '.join(found.families)}."
    marks = [join((element("b", mark, class_=f"m {CLASSES[mark]}"), f" {meaning}")) for mark, meaning in found.marks]
    return join(
        (
            element("p", join(marks, " · ")),
            element("p", several),
            scrolled(table, "Conformance matrix"),
            _requirements(found.checks),
            _reasons(found.details),
        )
    )


def _totals(columns: Sequence[Column]) -> Html:
    counts = [element("td", str(column.failed)) for column in columns]
    return element("tr", element("th", "checks failed", scope="row"), element("td", Level.MUST), *counts)


def _column_head(number: int, column: Column) -> Html:
    pythons = element("small", ", ".join(subject.python for subject in column.subjects))
    name = element("span", column.subjects[0].target, pythons)
    return element("th", name, scope="col", data_column=number)


def _rows(found: Conformance, number: int, check: CheckRow) -> Iterator[Html]:
    """Yield the row of a check, after one with the topic if it is the first of its topic."""
    if number == 0 or found.checks[number - 1].topic != check.topic:
        topic = element("th", check.topic, scope="colgroup", colspan=len(found.columns) + 2)
        yield element("tr", topic, class_="topic")
    link = element("a", check.id, href=f"#check-{check.id}")
    cells = [_cell(cells) for cells in found.cells[number]]
    yield element("tr", element("th", link, scope="row"), element("td", check.level), *cells)


def _cell(cells: Sequence[Cell]) -> Html:
    if all(cell.mark == ALL_PASSED for cell in cells):
        return element("td", ALL_PASSED if cells else "")
    return element("td", *_marks(cells))


def _marks(cells: Sequence[Cell]) -> Iterator[Html]:
    """Yield the marks of a cell; neighbours with the same reason are one link."""
    for (detail, mark), same in itertools.groupby(cells, lambda cell: (cell.detail, cell.mark)):
        members = list(same)
        text = mark * len(members)
        if detail is None:
            yield Html(text)
        else:
            yield element("a", text, href=f"#reason-{detail}", class_=CLASSES[mark])


def _requirements(checks: Sequence[CheckRow]) -> Html:
    rows = [
        row(
            check.id,
            check.level,
            check.requirement,
            check.source,
            f"upecho check TARGET --check {check.id}",
            id=f"check-{check.id}",
        )
        for check in checks
    ]
    table = grid("Requirements", ["check", "level", "requirement", "source", "command"], rows, class_="words")
    return element("details", element("summary", "What each check requires"), scrolled(table, "Requirements"))


def _reasons(details: Sequence[Detail]) -> Html:
    shown = [_reason(number, detail) for number, detail in enumerate(details)]
    return element("details", element("summary", f"Reasons behind the marks ({len(details)})"), *shown, id="reasons")


def _reason(number: int, detail: Detail) -> Html:
    where = f"{detail.target} over {', '.join(detail.families)}"
    title = f"{detail.checks[0]}: {where}" if len(detail.checks) == 1 else f"{where}: {len(detail.checks)} checks"
    text = "; ".join(f"{name} {text}" if name else text for name, text in _cause(detail) if text)
    return element("article", element("h3", title), element("p", text), class_="reason", id=f"reason-{number}")


def _cause(detail: Detail) -> Iterator[tuple[str, str]]:
    """Yield what a reader without scripts needs to know about a reason, as phrases with what introduces them."""
    yield "", detail.meaning
    yield "because", detail.reason or detail.known
    if detail.fault:
        yield "error:", detail.fault.message
    if why := detail.explanation:
        yield "expected", why.expected
        yield "seen", why.seen


def evidence(details: Sequence[Detail]) -> list[dict[str, str]]:
    """Return everything that is known about each reason: text by name.

    It is most of the text of a page, so it is compressed there, and the script of the page shows it.
    """
    return [dict(_evidence(detail)) for detail in details]


def known_about(detail: Detail) -> dict[str, Html]:
    """Return the same about one reason, as HTML."""
    return {name: _shown(name, text) for name, text in _evidence(detail)}


def _shown(name: str, text: str) -> Html:
    look = LOOKS.get(name)
    return element(look, text, tabindex=0 if look == "pre" else None) if look else join([text])


def _evidence(detail: Detail) -> Iterator[tuple[str, str]]:
    return (item for item in _facts(detail) if item[1])


def _facts(detail: Detail) -> Iterator[tuple[str, str]]:
    yield "verdict", detail.meaning
    yield "Python", ", ".join(detail.pythons)
    yield "known because", detail.known
    yield "because", detail.reason
    yield "checks", ", ".join(detail.checks) if len(detail.checks) > 1 else ""
    if detail.fault:
        yield "error", " ".join(filter(None, (detail.fault.message, detail.fault.location)))
    if why := detail.explanation:
        yield from (("expected", why.expected), ("seen", why.seen), ("ended", why.end), ("note", why.note))
        yield "wire", "\n".join(_wire(why.wire))
        yield "stderr", "\n".join(why.stderr)
    yield "repeat", _repeat(detail)


def _wire(wire: Wire) -> Iterator[str]:
    yield from map(_event, wire.first)
    if wire.omitted:
        yield f"… {wire.omitted} more events …"
    yield from map(_event, wire.last)


def _event(event: Event) -> str:
    return f"{event.seconds:8.3f} s  {event.text}"


def _repeat(detail: Detail) -> str:
    """Return the command that repeats the checks: the recorded one, or all if several share the reason."""
    if detail.explanation and detail.explanation.repeat:
        return detail.explanation.repeat
    families = [word for family in detail.families for word in ("--family", family)]
    checks = ["--check", *detail.checks] if len(detail.checks) == 1 else ["--all"]
    return shlex.join(["upecho", "check", detail.target, *families, *checks])


def divergence(found: Conformance) -> Html:
    """Return what failed on each event loop, framework and other server."""
    parts = [element("p", found.without_failures)]
    return join([*parts, *(_diverging(one) for one in found.divergences if not one.is_clean)])


def _diverging(one: Divergence) -> Html:
    rows = [row(check, where) for check, where in one.failures]
    title = one.title
    table = grid(f"Failures on {one.name}", ["check", "failed by"], rows, class_="words") if rows else Html()
    notes = [element("p", f"not checked: {reason}") for reason in one.unusable]
    return element("details", element("summary", title), *notes, scrolled(table, title) if rows else Html())


def recorded(found: Conformance, record: Record) -> Html:
    """Return the table of what an INFO check observed, a row for each target and a column for each family."""
    title = columns.record_title(record)
    values = {(one.subject, one.family): one for one in record.values}
    rows = [
        row(
            " ".join((subject.target, subject.python)),
            *(columns.observed(values.get((subject, family))) for family in found.families),
            **identity(subject),
        )
        for subject in dict.fromkeys(one.subject for one in record.values)
    ]
    return scrolled(grid(title, ["target", *map(_name, found.families)], rows), title)


def _name(family: Family) -> str:
    return family.value
