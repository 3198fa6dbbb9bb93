"""What to use for what: statements that the figures of a page prove, each with ratio and interval."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from upecho.measure.plan.cells import BASELINE, Cell
from upecho.measure.statistics.claims import Verdict
from upecho.measure.statistics.contrasts import CONCLUSIVE, Contrast
from upecho.measure.statistics.crossings import family_contrasts
from upecho.measure.statistics.ratios import paired
from upecho.measure.statistics.summary import Row
from upecho.report.figures import interval_text
from upecho.report.page.building import identities
from upecho.report.page.building.curves import cold_contrasts, python_contrasts
from upecho.report.page.building.divergence import FRAMEWORK
from upecho.report.page.building.runs import Run, scenarios_of
from upecho.report.page.model.conformance import Conformance
from upecho.report.page.model.page import Claim
from upecho.serving import loops
from upecho.support.text import plural

MAX_NAMES = 4  # servers in a sentence; its table contains all of them


def of_run(run: Run) -> Iterator[Claim]:
    """Yield what a run proves.

    That is nothing if it has too few rounds, if the machine was too busy, or if conformance was not checked before the
    run: a server that fails checks may be fast because it does less.
    """
    if run.claims.is_too_busy or not run.results.checked:
        return
    yield from _best_servers(run)
    yield from _loops(run)
    yield from _families(run)
    yield from _pythons(run)
    yield from _cold(run)


def _best_servers(run: Run) -> Iterator[Claim]:
    """Yield a statement about each scenario: which server costs the least over each family."""
    scenarios = scenarios_of(run)
    for name, scenario in scenarios.items():
        rows = [row for row in run.summary.rows if row.cell.scenario == name and not scenario.curve]
        families = dict.fromkeys(row.cell.family for row in rows)
        found = [_best_server(run, [row for row in rows if row.cell.family == family]) for family in families]
        if text := " ".join(filter(None, found)):
            yield Claim(f"{name}: {scenario.summary}", text, run.section_id(name), run=run.label)


def _best_server(run: Run, rows: Sequence[Row]) -> str:
    """Return which server of a table costs the least, apart from the baseline; empty if that is not known."""
    candidates = [row for row in rows if row.figures and not row.request.failed_checks and _is_choice(row.cell)]
    if not candidates:
        return ""
    best = min(candidates, key=lambda row: run.claims.ratio(row.cell).ratio)
    others = [(row, run.claims.verdict(best.cell, row.cell)) for row in candidates if row is not best]
    if any(verdict is Verdict.TOO_FEW for _, verdict in others):
        return ""
    alike = [row.cell.label for row, verdict in others if verdict is Verdict.NO_DIFFERENCE]
    dearer = [row.cell.label for row, verdict in others if verdict is Verdict.DIFFERENT]
    ratio = (
        f"{interval_text(run.claims.ratio(best.cell))} times as much as {run.claims.reference(best.cell.group).label}"
    )
    return f"Over {best.cell.family}, {_leader(best.cell.label, ratio, alike=alike, dearer=dearer)}"


def _leader(name: str, ratio: str, *, alike: Sequence[str], dearer: Sequence[str]) -> str:
    """Return what is known about the server with the lowest ratio.

    Args:
        name: The server.
        ratio: Its ratio, in words.
        alike: Servers that cannot be told apart from it.
        dearer: Servers that are known to cost more.
    """
    if not alike:
        return f"{name} costs the least: {ratio}."
    if len(alike) <= len(dearer):
        return f"{name} costs the least ({ratio}), together with what cannot be told apart from it: {_names(alike)}."
    more = f" Only these are known to cost more than it: {_names(dearer)}." if dearer else ""
    return f"no server is known to cost the least; {name} has the lowest ratio: {ratio}.{more}"


def _is_choice(cell: Cell) -> bool:
    return cell.target != BASELINE and not cell.cold


def _loops(run: Run) -> Iterator[Claim]:
    """Yield a statement about each event loop: what a request costs, compared with asyncio's own loop."""
    found: dict[str, list[Contrast]] = {}
    for loop, cell, base in _on_loops(run):
        ratio = paired(run.claims.costs.pairs(cell, base))
        one = Contrast(cell, base, ratio, run.claims.verdict(cell, base))
        if one.verdict in CONCLUSIVE:
            found.setdefault(loop, []).append(one)
    for loop, compared in found.items():
        text = _counted(compared, f"{loop} costs", "asyncio's own loop")
        yield Claim(f"event loop {loop}", text, _first_section(run, compared), run=run.label)


def _on_loops(run: Run) -> Iterator[tuple[str, Cell, Cell]]:
    """Yield each loop but asyncio's, with a cell on it and the same one on asyncio's own loop."""
    cells = [row.cell for row in run.summary.rows if row.figures and not row.request.failed_checks]
    own: dict[tuple[object, ...], Cell] = {}
    for cell in cells:
        model, loop, _ = identities.parts(cell.target)
        if loop == loops.ASYNCIO:
            own[model, cell.group, cell.python, cell.cold] = cell
    for cell in cells:
        model, loop, _ = identities.parts(cell.target)
        base = own.get((model, cell.group, cell.python, cell.cold))
        if loop and loop != loops.ASYNCIO and base and run.claims.costs.pairs(cell, base):
            yield loop, cell, base


def _families(run: Run) -> Iterator[Claim]:
    """Yield a statement about each family but the first: what a request costs, compared with the first one."""
    for family, compared in _by(lambda cell: cell.family, family_contrasts(run.summary)).items():
        text = _counted(compared, f"{family} costs", str(compared[0].base.family))
        yield Claim(f"family {family}", text, "families", run=run.label)


def _pythons(run: Run) -> Iterator[Claim]:
    """Yield a statement about each Python but the first: what a request costs, compared with the first one."""
    for python, compared in _by(lambda cell: cell.python, python_contrasts(run)).items():
        text = _counted(compared, f"On Python {python}, a request costs", f"on {compared[0].base.python}")
        yield Claim(f"Python {python}", text, "families", run=run.label)


def _cold(run: Run) -> Iterator[Claim]:
    """Yield a statement about servers none of whose connections has ended yet, compared with the same ones later."""
    for compared in _by(lambda _: "cold", cold_contrasts(run)).values():
        text = _counted(compared, "Before any connection of a server has ended, a request costs", "afterwards")
        yield Claim("cold servers", text, "families", run=run.label)


def _by(key: Callable[[Cell], str], contrasts: Iterable[Contrast]) -> dict[str, list[Contrast]]:
    """Return the comparisons that have enough rounds, grouped by what is compared with the base."""
    found: dict[str, list[Contrast]] = {}
    for one in contrasts:
        if one.verdict in CONCLUSIVE:
            found.setdefault(key(one.cell), []).append(one)
    return found


def _counted(compared: Sequence[Contrast], what: str, base: str) -> str:
    """Return in how many comparisons something costs less and more, and by how much at the extremes."""
    less, more = [one for one in compared if one.costs_less], [one for one in compared if one.costs_more]
    ordered = sorted(compared, key=lambda one: one.ratio.ratio)
    rest = len(compared) - len(less) - len(more)
    text = f"{what} less than {base} in {len(less)} of {plural(len(compared), 'comparison')} and more in {len(more)}"
    text += f"; in the other {rest}, no difference is claimed." if rest else "."
    extremes = [_where(one) for one in dict.fromkeys((ordered[0], ordered[-1]))]
    return f"{text} The ratio of the costs is {' to '.join(extremes)}."


def _where(one: Contrast) -> str:
    return f"{interval_text(one.ratio)} ({one.cell.label}, {one.cell.scenario} over {one.cell.family})"


def _first_section(run: Run, compared: Sequence[Contrast]) -> str:
    return run.section_id(compared[0].cell.scenario)


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return f"{', '.join(names[:MAX_NAMES])}{more}"


def of_conformance(found: Conformance | None) -> Iterator[Claim]:
    """Yield what verdicts prove: which event loops, frameworks and servers failed nothing."""
    divergences = found.divergences if found else ()
    for kind in dict.fromkeys(one.kind for one in divergences):
        same = [one for one in divergences if one.kind == kind]
        clean = [one.name for one in same if one.is_clean]
        subjects = f"{plural(len(same), 'server')} for frameworks" if kind == FRAMEWORK else plural(len(same), kind)
        text = f"{len(clean)} of {subjects} had no failed check" + (f": {', '.join(clean)}." if clean else ".")
        yield Claim(f"correct behaviour: {kind}s", text, "divergence")
