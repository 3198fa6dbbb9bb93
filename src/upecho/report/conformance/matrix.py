"""Renders the matrix of checks and targets: a cell has one character for each family."""

import itertools
import textwrap
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from upecho.conformance.check import Check, Level
from upecho.conformance.run.verdicts.outcome import Identity, Outcome
from upecho.net.address import Family
from upecho.report.conformance.marks import Mark
from upecho.report.layout import GAP, packed, row, shorten, shortened, slices

INDENT = "  "
LEVEL_WIDTH = max(len(level) for level in Level)
MIN_ID_WIDTH = 12  # to which the id of a check may be shortened
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Matrix:
    """The checks that have a verdict, in the order of the suite; the targets are in the order of the outcomes."""

    def __init__(self, outcomes: Sequence[Outcome], checks: Sequence[Check], families: Sequence[Family]) -> None:
        ids = {check.id for check in checks}
        self._marks = {one.identity: Mark.of(one) for one in outcomes if one.check in ids}
        ids = {one.check for one in self._marks}
        self._checks = [check for check in checks if check.id in ids]
        self._targets = list(dict.fromkeys(one.target for one in outcomes))
        self._families = families

    def lines(self, width: int) -> Iterator[Text]:
        """Yield the lines of as many matrices as fit into the width in columns, and what the marks mean."""
        cell = len(self._families)
        longest = max(len(check.id) for check in self._checks)
        label = len(INDENT) + min(longest, max(MIN_ID_WIDTH, width - len(INDENT) - LEVEL_WIDTH - 2 * GAP - cell))
        room = width - label - LEVEL_WIDTH - 2 * GAP
        columns = [max(cell, cell_len(target)) for target in self._targets]
        if sum(columns) + GAP * (len(columns) - 1) <= room:
            heads = self._targets
            parts = [slice(len(heads))]
        else:
            heads = [letters(number) for number in range(len(self._targets))]
            columns = [max(cell, len(heads[-1]))] * len(heads)
            parts = list(slices(len(heads), columns[0], room=room))
        names = list(shortened(self._targets, width - len(heads[-1]) - 1).values())
        for part in parts:
            if heads is not self._targets:
                yield from _legend(heads[part], names[part], width)
            yield from self._table(heads[part], self._targets[part], widths=[label, LEVEL_WIDTH, *columns[part]])
            yield Text()
        yield from self._meanings(width)

    def _table(self, heads: Sequence[str], targets: Sequence[str], *, widths: Sequence[int]) -> Iterator[Text]:
        yield row([Text(), Text(), *(Text(head, "bold") for head in heads)], widths)
        for topic, checks in itertools.groupby(self._checks, lambda check: check.topic):
            yield row([Text(topic, "bold cyan")], [0])
            for check in checks:
                cells = [self._cell(check.id, target) for target in targets]
                all_passed = all(set(cell.plain) <= {Mark.PASSED.character, " "} for cell in cells)
                name = Text(INDENT + shorten(check.id, widths[0] - len(INDENT)), "" if all_passed else "bold")
                yield row([name, Text(check.level, "dim"), *cells], widths)

    def _cell(self, check: str, target: str) -> Text:
        cell = Text()
        for family in self._families:
            mark = self._marks.get(Identity(target, family, check))
            cell.append(mark.character if mark else " ", mark.style if mark else "")
        return cell

    def _meanings(self, width: int) -> Iterator[Text]:
        used = set(self._marks.values())
        entries = [
            Text.assemble((mark.character, mark.style), (f" {mark.meaning}", "dim")) for mark in Mark if mark in used
        ]
        yield from packed(entries, width)
        families = ", ".join(self._families)
        where = f"each cell from left to right: {families}" if len(self._families) > 1 else f"over {families}"
        yield from (Text(line, "dim") for line in textwrap.wrap(where, width))


def letters(number: int) -> str:
    """Return the name of a column, counted from 0: A to Z, then AA, AB and so on."""
    more, last = divmod(number, len(ALPHABET))
    return (letters(more - 1) if more else "") + ALPHABET[last]


def _legend(heads: Sequence[str], names: Sequence[str], width: int) -> Iterator[Text]:
    pairs = zip(heads, names, strict=True)
    yield from packed([Text.assemble((head, "bold"), f" {name}") for head, name in pairs], width)
