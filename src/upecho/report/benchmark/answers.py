"""The report of an A/B test: for each pair a sentence with the answer, what its limits say, and a table of figures."""

import statistics
from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from upecho.measure.plan.ab_test import ABTest, Pair
from upecho.measure.plan.cells import Cell
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.results import Results
from upecho.measure.statistics.changes import BASE, NEW
from upecho.measure.statistics.quantities import CPU, MEMORY, P50, P99, Quantity, named
from upecho.measure.statistics.ratios import Ratio
from upecho.measure.statistics.sequential import Answer, Outcome, Passed, Verdicts
from upecho.measure.statistics.summary import Summary
from upecho.report.figures import percent, three_digits

SHOWN = (CPU, P50, P99, MEMORY)  # whatever the question is
COLOURS = {
    Answer.MORE: "red",
    Answer.LESS: "green",
    Answer.ALIKE: "green",
    Passed.WITHIN: "green",
    Passed.ABOVE: "red",
}
UNDECIDED = "yellow"
UNKNOWN = "-"


def answers(summary: Summary) -> Iterator[RenderableType]:
    """Yield the answers of an A/B test, each with its figures."""
    results = summary.results
    test = results.ab_test
    assert test
    verdicts = Verdicts(test, results.trials)
    scenarios = {one.name: one for one in results.scenarios}
    measured = {row.cell for row in summary.rows if row.figures}
    for pair in test.pairs:
        yield from _heading(pair, scenarios[pair.new.scenario])
        if {pair.base, pair.new} <= measured:
            yield _table(pair, verdicts, results, test)
            yield Text()
            yield Text(sentence(pair, verdicts), COLOURS.get(verdicts.answer(pair), UNDECIDED))
            yield from (_limit(one) for one in verdicts.outcomes(pair))
        else:
            yield from (
                Text(f"{row.label}: {row.reason}", "red")
                for row in summary.rows
                if row.cell in (pair.base, pair.new) and not row.figures
            )
        yield Text()


def sentence(pair: Pair, verdicts: Verdicts) -> str:
    """Return the answer about a pair in one sentence, with the ratio and its interval."""
    quantity = verdicts.quantity
    ratio, answer = verdicts.ratio(pair, quantity), verdicts.answer(pair)
    if ratio is None:
        return f"Undecided: too few rounds for an interval of the {quantity.label}."
    times = f"{ratio.text(quantity.ratio_decimals)} times the {quantity.label} of {pair.base.label}"
    figures = f"{times}, after {ratio.samples} rounds"
    match answer:
        case Answer.MORE | Answer.LESS:
            return f"{pair.new.label} {answer}: {figures}."
        case Answer.ALIKE:
            return f"No difference larger than {percent(verdicts.margin)}: {pair.new.label} takes {figures}."
    return f"Undecided: {pair.new.label} takes {figures}; a difference of up to {percent(_largest(ratio))} is possible."


def _largest(ratio: Ratio) -> float:
    """Return the largest difference that an interval allows, as a share of the smaller side."""
    return max(ratio.high, 1 / ratio.low if ratio.low else float("inf")) - 1


def _heading(pair: Pair, scenario: Scenario) -> Iterator[Text]:
    yield Text.assemble((str(pair.new.group), "bold"), (f"  {scenario.summary}", "dim"))
    for name, cell in ((BASE, pair.base), (NEW, pair.new)):
        yield Text(f"{name:{len(BASE)}} {cell.label}")
    yield Text()


def _table(pair: Pair, verdicts: Verdicts, results: Results, test: ABTest) -> Table:
    asked = [named(test.quantity), *(named(one.quantity) for one in test.limits)]
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("")
    for title in (BASE, NEW, "ratio", "interval"):
        table.add_column(title, justify="right", no_wrap=True)
    others = [one for one in SHOWN if _median(results, pair.new, one) != UNKNOWN]
    for quantity in dict.fromkeys([*asked, *others]):
        values = [_median(results, cell, quantity) for cell in (pair.base, pair.new)]
        ratio = verdicts.ratio(pair, quantity)
        decimals = quantity.ratio_decimals
        table.add_row(
            ", ".join(filter(None, (quantity.label, quantity.unit if quantity.unit not in quantity.label else ""))),
            *values,
            f"{ratio.ratio:.{decimals}f}" if ratio else "",
            ratio.interval(decimals) if ratio and quantity in asked else "",
        )
    return table


def _median(results: Results, cell: Cell, quantity: Quantity) -> str:
    values = [quantity.of(trial) for trial in results.trials if trial.cell == cell]
    known = [value for value in values if value is not None]
    return three_digits(statistics.median(known) / quantity.unit_size) if known else UNKNOWN


def _limit(outcome: Outcome) -> Text:
    allowed = f"--fail-above {outcome.limit.quantity}={outcome.limit.share * 100:g}"
    figures = f"{outcome.ratio.text(outcome.quantity.ratio_decimals)} times" if outcome.ratio else "unknown"
    return Text(
        f"{allowed}: {outcome.quantity.label} {figures}: {outcome.passed}", COLOURS.get(outcome.passed, UNDECIDED)
    )


def explanation(summary: Summary) -> Iterator[str]:
    """Yield how the answers of an A/B test are to be read."""
    yield (
        f"ratio: {NEW} relative to {BASE}, one sample for each round of fresh processes. All intervals "
        "together contain the truth with a probability of 95%, whenever the run stops."
    )
    if disturbed := summary.claims.disturbed:
        yield f"{disturbed:.0%} of the trials were disturbed by other work on the machine; they widen the intervals."
