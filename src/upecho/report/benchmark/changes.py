"""Two runs compared, as read on a terminal: a table per scenario and family, in the order of the later run."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from upecho.measure.cells import BASELINE, Name
from upecho.measure.environment import Environment
from upecho.measure.results import Results
from upecho.measure.statistics.changes import BASE, NEW, Change, Changes
from upecho.measure.statistics.claims import Verdict
from upecho.report.benchmark.comparison import over
from upecho.report.benchmark.footer import rounds_of, servers_on
from upecho.report.benchmark.lines import TOO_FEW, reached
from upecho.report.figures import percent, three_digits
from upecho.report.layout import cut, shorten

NAME_WIDTH, NARROWEST_NAME = 24, 8  # longer names are shortened
FIGURES_WIDTH = 56  # columns of a table beside the names
REASON_WIDTH = 60
SHOWN = 4  # cells without a comparison that are named, of those with the same reason
WORDS = {Verdict.TOO_BUSY: "too busy to conclude"}  # what has to be shorter in a column than in a sentence


def changes(found: Changes, width: int) -> RenderableType:
    """Return all there is to say about two runs, for a terminal that many columns wide."""
    parts: list[RenderableType] = []
    longest = max((len(text) for one in found.cells for text in _first_column(one)), default=0)
    names = min(longest, NAME_WIDTH, max(NARROWEST_NAME, width - FIGURES_WIDTH))
    loads = {scenario.name: scenario for scenario in found.results[NEW].scenarios}
    for scenario in dict.fromkeys(one.name.scenario for one in found.cells):
        parts.append(Text.assemble((scenario, "bold"), (f"  {loads[scenario].summary}", "dim"), "\n"))
        mine = [one for one in found.cells if one.name.scenario == scenario]
        for family in dict.fromkeys(one.name.family for one in mine):
            parts += [_table([one for one in mine if one.name.family == family], names), Text()]
    return Group(*parts, *_absent(found), *_footer(found))


def limit(found: Changes, most_percent: float) -> Text:
    """Say which cells cost so many percent more, or fail now."""
    beyond, broken, undecided = found.beyond(most_percent / 100), found.broken, found.undecided()
    parts = []
    if beyond:
        costs = [f"{_where(one.name)} ({one.ratio.ratio:.3f})" for one in beyond]
        parts.append(f"more than {most_percent:g}% dearer: {', '.join(costs)}")
    elif len(undecided) < len(found.cells):
        parts.append(f"nothing is known to be more than {most_percent:g}% dearer")
    if broken:
        parts.append(f"broken since {BASE}: {', '.join(_where(one.name) for one in broken)}")
    if undecided:
        parts.append(f"nothing can be said of {len(undecided)} of {len(found.cells)} cells")
    return Text(f"--fail-above: {'; '.join(parts)}", "red" if beyond or broken else "yellow" if undecided else "green")


def _first_column(change: Change) -> tuple[str, str]:
    return change.new.label, over(change.name.family)


def _where(name: Name) -> str:
    return f"{name.label} over {name.family} in {name.scenario}"


def _table(cells: Sequence[Change], names: int) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(over(cells[0].name.family), width=names, no_wrap=True, header_style="bold cyan")
    for title in (f"{BASE} µs", f"{NEW} µs", "ratio", "±"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for one in cells:
        costs = [three_digits(row.cost / 1e3) for row in (one.base, one.new)]
        table.add_row(
            Text(shorten(one.new.label, names)), *costs, f"{one.ratio.ratio:.3f}", reached(one.ratio), _verdict(one)
        )
    return table


def _verdict(change: Change) -> Text:
    if change.verdict is Verdict.DIFFERENT:
        return Text("costs more", "red") if change.costs_more else Text("costs less", "green")
    return Text(WORDS.get(change.verdict, change.verdict.value), "dim")


def _absent(found: Changes) -> Iterator[Text]:
    """Yield a line for each reason why cells are not compared."""
    reasons: dict[tuple[str, bool], list[Name]] = {}
    for one in found.absent:
        reasons.setdefault((one.reason, one.broke), []).append(one.name)
    for (reason, broke), names in reasons.items():
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        line = f"not compared ({cut(reason, REASON_WIDTH)}): {', '.join(map(_where, names[:SHOWN]))}{more}"
        yield Text(line, "red" if broke else "dim")
    if reasons:
        yield Text()


def _footer(found: Changes) -> Iterator[Text]:
    if found.cells:
        yield from map(Text, _meaning(found))
        yield from map(Text, _certainty(found))
    width = max(map(len, found.results))
    for run, results in found.results.items():
        yield Text(f"{run:{width}} {_run(results)}", "dim")
    base, new = (results.environment for results in found.results.values())
    if others := list(_differences(base, new)):
        yield Text(f"other machine: {'; '.join(others)}; the figures compare machines as well as servers", "yellow")


def _meaning(found: Changes) -> Iterator[str]:
    if any(one.new.numbers and one.new.numbers.cpu_ns for one in found.cells):
        yield "µs: CPU time that a request costs the server, the median of the run's trials."
    else:
        yield "µs: all the time that a request takes, as the system does not tell CPU time."
    if any(row.cell.failed_checks for one in found.cells for row in (one.base, one.new)):
        yield "Some fail conformance checks (! in NEW): their numbers may come from doing less."
    ratio = f"ratio: cost in {NEW} to cost in {BASE}; ± half of its 95 % interval."
    if not found.baselines:
        yield ratio
    else:
        least, most = (f"{pick(one.ratio for one in found.baselines.values()):.3f}" for pick in (min, max))
        own = least if least == most else f"{least} to {most}, by table"
        yield (
            f"{ratio} Each cost is divided by that of {BASELINE}, the baseline, in its round, which cancels what the "
            f"machine was slower by; {BASELINE} is not compared itself (its own ratio: {own})."
        )
    without = dict.fromkeys(one.name.group for one in found.cells if one.name.group not in found.baselines)
    if without:
        some = ", ".join(f"{scenario} over {family}" for scenario, family in without) if found.baselines else "here"
        yield f"Not divided by a baseline, so that a slower machine looks like a dearer server: {some}."


def _certainty(found: Changes) -> Iterator[str]:
    """Yield what the figures can bear."""
    undivided = ", in the undivided costs too" if found.baselines else ""
    yield f"A difference has p < 5 %, corrected for all comparisons (Holm), and is beyond A/A{undivided}."
    floors = found.floors.values()
    if floors:
        least, most = percent(min(floors)), percent(max(floors))
        spread = least if least == most else f"{least} to {most}, by table"
        yield f"A/A: the same server measured twice in a run differs from itself by up to {spread}."
    if any(one.verdict is Verdict.TOO_FEW for one in found.cells):
        yield TOO_FEW
    for run, claims in found.claims.items():
        if claims.disturbed:
            but = ": the machine was too busy to conclude" if claims.is_too_busy else ""
            yield f"{claims.disturbed:.0%} of the trials of {run} were disturbed{but}."


def _run(results: Results) -> str:
    here = results.environment
    loops = [f"{loop} {version}" for loop, version in here.loops.items()]
    engine = f"load engine {results.window.engine}"
    versions = [f"upecho {here.upecho}", here.python, *servers_on(results), *loops]
    return " · ".join([here.started, *versions, here.system, here.cpu, engine, rounds_of(results)])


def _differences(base: Environment, new: Environment) -> Iterator[str]:
    """Yield in what two machines differ."""
    for one, other in ((base.cpu, new.cpu), (base.system, new.system), (_cores(base), _cores(new))):
        if one != other:
            yield f"{one} and {other}"


def _cores(here: Environment) -> str:
    if not here.cores.engine:
        return f"load engine and servers on the same of {here.core_count} cores"
    engine, servers = (",".join(map(str, cores)) for cores in (here.cores.engine, here.cores.servers))
    return f"load engine on core {engine}, servers on {servers} of {here.core_count}"
