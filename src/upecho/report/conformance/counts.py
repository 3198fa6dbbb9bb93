"""How many checks each target has passed over each family, and what became of the others."""

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.text import Text

from upecho.conformance.run.outcome import Outcome, Verdict
from upecho.report.conformance.marks import Mark
from upecho.report.layout import GAP, name_width, row, shorten, slices

TITLE = "passed"


def counts(outcomes: Sequence[Outcome], families: Sequence[str], width: int) -> Iterator[Text]:
    """Yield a line for each target if there are several: for one the sum says the same."""
    targets = list(dict.fromkeys(one.target for one in outcomes))
    if len(targets) == 1:
        return
    cells = {(target, family): _cell(outcomes, target, family) for target in targets for family in families}
    column = max(len("abstract"), *(cell.cell_len for cell in cells.values()))
    name = name_width([TITLE, *targets], column, len(families), width)
    for part in slices(len(families), column, width - name - GAP):
        widths = [name, *[column] * len(families[part])]
        yield row([Text(TITLE, "bold cyan"), *(Text(family, "bold") for family in families[part])], widths)
        for target in targets:
            yield row([Text(shorten(target, name)), *(cells[target, family] for family in families[part])], widths)
        yield Text()


def _cell(outcomes: Sequence[Outcome], target: str, family: str) -> Text:
    """Return how many of how many have passed, and each other mark with its number."""
    there = [one for one in outcomes if (one.target, one.family) == (target, family)]
    if not there:
        return Text()
    marks = Counter(map(Mark.of, there))
    passed = sum(one.verdict is Verdict.PASSED for one in there)
    cell = Text(f"{passed}/{len(there)}", Mark.PASSED.style if marks[Mark.PASSED] == len(there) else "")
    for mark in list(Mark)[1:]:
        if marks[mark]:
            cell.append(f" {marks[mark]}{mark.character}", mark.style)
    return cell
