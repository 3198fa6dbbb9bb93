"""How the content of each file came about: machine, versions, method, noise, and a command that repeats it."""

import math
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from urllib.parse import quote

from upecho.conformance.run.verdicts.document import Document
from upecho.measure.cores import named
from upecho.measure.environment import Environment
from upecho.measure.plan.ab_test import ABTest
from upecho.measure.plan.cells import BASELINE, Cell
from upecho.measure.plan.scenarios import SCENARIOS
from upecho.measure.results import Results
from upecho.measure.statistics.claims import MIN_ROUNDS
from upecho.processes.linux.system_calls import Method
from upecho.report.benchmark import observation
from upecho.report.benchmark.footer import packages_of, range_of, rounds_of
from upecho.report.figures import percent
from upecho.report.page.building.runs import Run
from upecho.report.page.model.page import Source
from upecho.report.published.claims import Publication
from upecho.support.text import plural

HOW_COUNTED = {
    Method.COUNTER: "by a counter of the kernel",
    Method.STRACE: "by strace, without those of futex(2), of which it causes more",
}
OWN_FILE = "FILE.toml"  # stands for a file of scenarios, whose name results do not contain


def of_run(run: Run, link: str = "") -> Source:
    """Describe a results file.

    Args:
        run: Its content.
        link: Address of the file relative to the page; empty if it is unknown.
    """
    command = bench_command(run.results)
    return Source(run.name, "results of upecho bench", dict(_facts(run)), command=command, link=link)


def machine(here: Environment) -> str:
    """Describe a machine and its system."""
    return f"{here.cpu}, {plural(here.core_count, 'core')}, {here.system}"


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    results, here = run.results, run.results.environment
    yield "started", here.started
    yield "machine", f"{machine(here)}, clock source {here.clock_source or 'unknown'}"
    yield "cores", f"load engine on {named(here.cores.engine)}, servers on {named(here.cores.servers)}"
    yield "Python", ", ".join(map(results.python, results.pythons)) or here.python
    yield (
        "upecho",
        f"{here.upecho}, load engine {results.window.engine}{f' built with {here.native}' if here.native else ''}",
    )
    if packages := packages_of(results):
        yield "packages", ", ".join(packages)
    yield "trials", f"{len(results.trials)} trials {observation.freshness(results)}: {rounds_of(results)}, interleaved"
    for target, one in observation.running(results).items():
        yield f"server {target}", f"ran already, all trials are of the same process; {observation.observed(one)}"
    yield "warm-up", f"{results.window.warm_up_seconds:g} s before each trial"
    if method := results.window.system_calls:
        yield "system calls", f"counted in a further load of each trial; {HOW_COUNTED[method]}"
    yield "conformance", _conformance(results)
    yield from _noise(run)
    if not results.complete:
        yield "completeness", "the run was interrupted, so that figures may be missing"


def _conformance(results: Results) -> str:
    if not results.checked:
        return "was not checked before this run"
    if _has_failing_servers(results):
        how = "was checked quickly" if results.quickly_checked else "was checked"
        return f"{how} before this run; servers that failed a check were measured, too, and are marked"
    left_out = "those that take long and those" if results.quickly_checked else "those"
    return f"only servers that passed the MUST checks, except {left_out} of start and stop, were measured"


def _has_failing_servers(results: Results) -> bool:
    """Whether a server was measured although it failed checks."""
    failing = {one.cell for one in results.requested if one.failed_checks}
    return any(trial.cell in failing for trial in results.trials)


def _noise(run: Run) -> Iterator[tuple[str, str]]:
    claims = run.claims
    yield "load average before the start", f"{run.results.environment.load:.2f}"
    yield "disturbed trials", percent(claims.disturbed)
    floors = [floor for group in claims.costs.groups() if (floor := claims.floor(group)) is not None]
    if floors and run.results.rounds >= MIN_ROUNDS:
        yield "A/A", f"two measurements of the same server differ by up to {range_of(floors)}"


def bench_command(results: Results) -> str:
    """Return a command that measures the same cells in the same way on a machine with the same targets."""
    cells = [one.cell for one in results.requested]
    targets = [target for target in dict.fromkeys(cell.target for cell in cells) if target != BASELINE]
    known = {scenario: scenario.title for scenario in SCENARIOS}
    scenarios = dict.fromkeys(known.get(scenario, OWN_FILE) for scenario in results.scenarios)
    options: list[str] = []
    for family in dict.fromkeys(cell.family for cell in cells):
        options += ["--family", family]
    for scenario in scenarios:
        options += ["--scenario", scenario]
    if results.ab_test:
        targets, sides = _ab_test(results, results.ab_test, targets)
        options += sides
    for name, version in filter(itemgetter(0), results.pythons.items()):
        options += ["--python", _program(name, version.removeprefix("CPython "))]
    if any(cell.cold for cell in cells):
        options.append("--cold")
    for one in dict.fromkeys(observation.running(results).values()):
        options += [word for pid in one.pids for word in ("--pid", str(pid))]
        options += ["--cgroup", one.group] if one.group else []
    options += ["--max-clients", str(results.max_clients)] if results.max_clients else []
    limits, window = results.limits, results.window
    options += [] if results.checked else ["--no-check"]
    options += ["--quick"] if results.quickly_checked else []
    options += ["--even-if-failing"] if _has_failing_servers(results) else []
    engine_cores = len(results.environment.cores.engine)
    options += ["--engine-cores", str(engine_cores)] if engine_cores > 1 else []
    options += ["--engine", window.engine, "--rounds", str(limits.rounds), "--seconds", f"{window.seconds:g}"]
    options += ["--budget", f"{limits.budget_seconds:g}", "--precision", f"{limits.precision * 100:g}"]
    return shlex.join(["upecho", "bench", *(targets or ([] if results.ab_test else [BASELINE])), *options])


def _ab_test(results: Results, test: ABTest, targets: list[str]) -> tuple[list[str], list[str]]:
    """Return the targets and the options of a command that makes an A/B test."""
    sides = dict.fromkeys((_side(results, pair.base), _side(results, pair.new)) for pair in test.pairs)
    (base, new), *others = sides
    if others:  # one for each target, so the sides are interpreters
        base, new = (f"@{side.rpartition('@')[2]}" for side in (base, new))
    limits = [word for one in test.limits for word in ("--fail-above", f"{one.quantity}={one.share * 100:g}")]
    return targets if others else [], ["--ab", base, new, *limits]


def _side(results: Results, cell: Cell) -> str:
    """Return a side of an A/B test as users write it; the interpreter of a side without a name has a usual program."""
    if cell.python or not (version := results.pythons.get("", "").removeprefix("CPython ")):
        return f"{cell.target}@{cell.python}" if cell.python else cell.target
    return f"{cell.target}@{_program(version, version)}"


def _program(name: str, version: str) -> str:
    """Return the usual program of a version such as ``3.13.1 free-threaded``, after the name that the user gave it."""
    number, _, build = version.partition(" ")
    program = f"python{'.'.join(number.split('.')[:2])}{'t' if build else ''}"
    return program if name == version else f"{name}={program}"


def of_document(name: str, document: Document, link: str = "") -> Source:
    """Describe a verdicts file.

    Args:
        name: Name of the file.
        document: Its content.
        link: Address of the file relative to the page; empty if it is unknown.
    """
    targets = dict.fromkeys(one.target for one in document.verdicts)
    families = dict.fromkeys(one.family for one in document.verdicts)
    options = [word for family in families for word in ("--family", family)]
    command = shlex.join(["upecho", "check", *targets, *options, "--json", name])
    return Source(name, "verdicts of upecho check", dict(_document_facts(document)), command=command, link=link)


def _document_facts(document: Document) -> Iterator[tuple[str, str]]:
    yield "upecho", document.upecho
    yield "Python", document.python
    yield "system", document.platform
    yield "verdicts", f"{len(document.verdicts)} of {document.due} that were due"
    yield "counts", ", ".join(f"{count} {verdict}" for verdict, count in document.counts.items() if count)


def of_claims(name: str, publications: Sequence[Publication], link: str = "") -> Source:
    """Describe a file of published claims.

    Args:
        name: Name of the file.
        publications: Its content.
        link: Address of the file relative to the page; empty if it is unknown.
    """
    claims = sum(len(one.claims) for one in publications)
    facts = {"content": f"{plural(claims, 'claim')} from {plural(len(publications), 'source')}"}
    return Source(name, "published claims", facts, command="", link=link)


def link(path: Path, directory: Path) -> str:
    """Return the address of a file relative to a page in a directory, as a page needs it.

    Args:
        path: The file.
        directory: Directory of the page.
    """
    return quote(os.path.relpath(path, directory))


def cautions(run: Run) -> Iterator[str]:
    """Yield what restricts the conclusions from a run."""
    claims, name = run.claims, run.name
    disturbed = f"{name}: {percent(claims.disturbed)} of the trials were disturbed by other work on the machine"
    if claims.is_too_busy:
        yield f"{disturbed}: the machine was too busy to draw conclusions."
    elif run.results.rounds < MIN_ROUNDS:
        yield f"{name} has fewer than {MIN_ROUNDS} rounds: too few for intervals and for conclusions."
    elif claims.disturbed:
        yield f"{disturbed}; the figures include them."
    if not run.results.complete:
        yield f"{name}: the run was interrupted, so that figures may be missing."
    if not run.results.checked:
        yield f"{name}: conformance was not checked before the run, so that a server may be fast because it does less."
    if not run.results.ab_test:  # which stops when its question is answered
        yield from _imprecise(run)


def _imprecise(run: Run) -> Iterator[str]:
    """Yield the least precise ratio of the run if it is less precise than was requested."""
    wanted, costs = run.results.limits.precision, run.claims.costs
    missed: Mapping[str, float] = {
        str(group): share for group in costs.groups() if (share := costs.precision(group)) > wanted > 0
    }
    known = {group: share for group, share in missed.items() if share < math.inf}
    if known:
        group, worst = max(known.items(), key=lambda item: item[1])
        yield (
            f"{run.name}: not all ratios are as precise as requested (± {percent(wanted)}); the least precise one is "
            f"known to ± {percent(worst)}, in {group}."
        )
