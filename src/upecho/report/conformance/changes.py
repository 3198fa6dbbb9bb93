"""Renders what changed between two runs of the suite; the conclusion comes last, where a terminal stops scrolling."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from upecho.conformance.run.verdicts.changes import BASE, NEW, Kind, Pair, VerdictChanges
from upecho.conformance.run.verdicts.document import Document
from upecho.net.address import Family
from upecho.report.conformance.causes import findings, rendered
from upecho.report.conformance.places import in_order, over, places
from upecho.support.text import plural

INDENT = "  "
MAX_NAMED = 6  # checks of a target in one line, unless they are what got worse or was mended
REWORDED = "changed requirements"
STYLE = "cyan"  # of titles, unless they are good or bad news
STYLES = {Kind.MENDED: "green", Kind.NOW_FAILED: "yellow"}
WORSE = "bold red"


@dataclass(frozen=True)
class Section:
    """Changes of one kind.

    Attributes:
        title: What they have in common.
        lines: The changes, as text without any layout.
        style: Style of the title on a terminal.
    """

    title: str
    lines: Sequence[str]
    style: str = STYLE


def changes(found: VerdictChanges, width: int) -> RenderableType:
    """Return the report of a comparison.

    The report has to be printed without cropping, because the command that repeats a failed check is never wrapped.

    Args:
        found: Comparison to report on.
        width: Width of the report in columns.
    """
    texts = [text for one in sections(found) for text in _section(one, width)]
    notes = [Text(line, style, no_wrap=True) for line, style in _runs(found, width)]
    return Group(*texts, *_worse(found, width), *notes, conclusion(found))


def conclusion(found: VerdictChanges) -> Text:
    """Return the line that says whether something got worse."""
    parts = [plural(found.compared, "verdict") + " compared"]
    if found.is_worse:
        parts.append(f"worse: {', '.join(_counts_of_worse(found))}")
    else:
        parts.append("nothing got worse")
    if mended := found.of(Kind.MENDED):
        parts.append(f"{len(mended)} mended")
    return Text("; ".join(parts), WORSE if found.is_worse else "green")


def _counts_of_worse(found: VerdictChanges) -> Iterator[str]:
    if failed := found.of(Kind.FAILED):
        yield plural(len(failed), "new failure")
    if not_reached := found.of(Kind.NOT_REACHED):
        yield f"{len(not_reached)} no longer run"
    if unloaded := found.no_longer_loaded:
        yield f"{plural(len(unloaded), 'target')} whose code could not be loaded"


def sections(found: VerdictChanges) -> Iterator[Section]:
    """Yield everything but what got worse, without empty sections."""
    for one in (*_selections(found), *_kinds(found)):
        if one.lines:
            yield one


def _selections(found: VerdictChanges) -> Iterator[Section]:
    """Yield what only one of the runs was about; nothing in it can be compared."""
    for name, pairs in found.pairs.items():
        yield Section(f"targets and families only in {name}", list(_targets(pairs)))
    removed = found.checks[BASE]
    yield Section(f"checks only in {BASE}", [", ".join(removed)] if removed else [])
    yield Section(f"checks only in {NEW}", list(_new_checks(found)))
    levels = [f"{one.check}: {one.base} in {BASE}, {one.new} in {NEW}" for one in found.levels]
    yield Section("changed levels", levels)
    yield Section(REWORDED, [", ".join(found.reworded)] if found.reworded else [])
    yield Section(f"code could not be loaded in {BASE}", _reasons(found.now_loaded))


def _kinds(found: VerdictChanges) -> Iterator[Section]:
    for kind in Kind:
        if not kind.is_worse:
            at_most = None if kind is Kind.MENDED else MAX_NAMED
            lines = [f"{one.where}: {one.named(at_most)}" for one in places(change.new for change in found.of(kind))]
            yield Section(kind.value, lines, STYLES.get(kind, STYLE))


def _new_checks(found: VerdictChanges) -> Iterator[str]:
    """Yield each check that only NEW selected, and how it ended there."""
    document = found.documents[NEW]
    for check in found.checks[NEW]:
        verdicts = [one.verdict for one in document.verdicts if one.check == check]
        counts = ", ".join(f"{verdicts.count(one)} {one}" for one in dict.fromkeys(verdicts))
        yield f"{check} ({document.checks[check].level}): {counts or 'no verdict'}"


def _targets(pairs: Sequence[Pair]) -> Iterator[str]:
    families: dict[str, list[Family]] = {}
    for target, family in pairs:
        families.setdefault(target, []).append(family)
    for target, found in families.items():
        yield over(target, in_order(found))


def _reasons(unloaded: Mapping[str, str]) -> list[str]:
    return [f"{target}: {reason}" for target, reason in unloaded.items()]


def _section(section: Section, width: int) -> Iterator[Text]:
    """Yield the title and the wrapped lines of a section."""
    yield Text(section.title, f"bold {section.style}")
    yield from (Text(part, no_wrap=True) for line in section.lines for part in _wrapped(line, width))
    yield Text()


def _wrapped(line: str, width: int) -> list[str]:
    return textwrap.wrap(line, width, initial_indent=INDENT, subsequent_indent=2 * INDENT, break_on_hyphens=False)


def no_longer_loaded(found: VerdictChanges) -> Section:
    """Return the targets that cannot be checked any more, with the reasons."""
    return Section(f"code could not be loaded in {NEW}", _reasons(found.no_longer_loaded), "red")


def _worse(found: VerdictChanges, width: int) -> Iterator[RenderableType]:
    """Yield why each check fails that got worse, once for each cause."""
    if found.no_longer_loaded:
        yield from _section(no_longer_loaded(found), width)
    if found.worse:
        yield Text(f"worse in {NEW}", WORSE)
    checks = found.documents[NEW].checks
    for one in findings([change.new for change in found.worse], separate=False):
        yield rendered(one, checks[one.same[0].check])


def _runs(found: VerdictChanges, width: int) -> Iterator[tuple[str, str]]:
    """Yield lines about the runs with their styles, among them what may have caused a change beside the targets."""
    column = max(map(len, found.documents))
    for name, run in found.documents.items():
        verdicts = f"{len(run.verdicts)} of {plural(run.due, 'verdict')}"
        text = " · ".join([f"upecho {run.upecho}", run.python, run.platform, verdicts])
        indent = " " * (column + 1)
        lines = textwrap.wrap(text, width, initial_indent=f"{name:{column}} ", subsequent_indent=indent)
        yield from ((line, "dim") for line in lines)
    for line in notes(found):
        yield from ((part, "yellow") for part in textwrap.wrap(line, width))


def notes(found: VerdictChanges) -> Iterator[str]:
    """Yield what limits the comparison, or may have caused a change although the targets are the same."""
    for name, run in found.documents.items():
        if len(run.verdicts) < run.due:
            yield f"{name} was cut short: {run.due - len(run.verdicts)} of its verdicts are missing."
        elif missing := found.missing[name]:
            yield f"{name} lacks {plural(missing, 'verdict')} that the other run has."
    base, new = found.documents.values()
    if differences := list(_differences(base, new)):
        yield f"The runs differ in {' and '.join(differences)}, which may cause changes as well."


def _differences(base: Document, new: Document) -> Iterator[str]:
    if base.upecho != new.upecho:
        yield "the version of upecho"
    if base.python != new.python:
        yield "the Python that ran them"
    if base.platform != new.platform:
        yield "the system"
