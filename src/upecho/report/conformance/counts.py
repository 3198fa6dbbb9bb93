"""Renders how many checks each target passed over each family, and the number of each other verdict."""

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.text import Text

from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.net.address import Family
from upecho.report.conformance.marks import Mark
from upecho.report.layout import GAP, name_width, row, shortened, slices

TITLE = "passed"


def counts(outcomes: Sequence[Outcome], families: Sequence[Family], width: int) -> Iterator[Text]:
    """Yield a line for each target, unless there is only one, for which the totals say the same."""
    targets = list(dict.fromkeys(one.target for one in outcomes))
    if len(targets) == 1:
        return
    cells = {(target, family): cell(outcomes, target, family) for target in targets for family in families}
    column = max(len(Family.ABSTRACT), *(one.cell_len for one in cells.values()))
    name = name_width([TITLE, *targets], column, columns=len(families), width=width)
    names = shortened(targets, name)
    for part in slices(len(families), column, room=width - name - GAP):
        widths = [name, *[column] * len(families[part])]
        yield row([Text(TITLE, "bold cyan"), *(Text(family, "bold") for family in families[part])], widths)
        for target in targets:
            yield row([Text(names[target]), *(cells[target, family] for family in families[part])], widths)
        yield Text()


def cell(outcomes: Sequence[Outcome], target: str, family: Family) -> Text:
    """Return the number of passed checks out of all, and the number of each other mark."""
    there = [one for one in outcomes if (one.target, one.family) == (target, family)]
    if not there:
        return Text()
    marks = Counter(map(Mark.of, there))
    passed = sum(one.verdict is Verdict.PASSED for one in there)
    text = Text(f"{passed}/{len(there)}", Mark.PASSED.style if marks[Mark.PASSED] == len(there) else "")
    for mark in list(Mark)[1:]:
        if marks[mark]:
            text.append(f" {marks[mark]}{mark.character}", mark.style)
    return text
