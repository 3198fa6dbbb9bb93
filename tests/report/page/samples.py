"""Results and verdicts that were never made, from which tests make pages."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.made_up import CHAT, MACHINE, cell, run
from upecho.conformance.check import Check, Level
from upecho.conformance.findings import Event, Explanation, Recorded, Wire
from upecho.conformance.run.verdicts.document import Document
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.measure.plan.scenarios import curve
from upecho.measure.results import RequestedCell, Results
from upecho.measure.trials import SystemCalls
from upecho.net.address import Family
from upecho.processes.linux.system_calls import Method
from upecho.report.page.building.page import page
from upecho.report.page.inputs import bases
from upecho.report.page.inputs.bases import Bases
from upecho.report.page.inputs.files import Inputs
from upecho.report.page.model.page import Page
from upecho.report.published.claims import Claim, Comparable, Pair, Publication

# A microsecond more or less, so that intervals have a width and differences are clear.
COSTS = {
    "native": [10.0, 11.0, 10.0, 11.0, 10.0],
    "asyncio": [30.0, 33.2, 30.1, 33.0, 30.0],
    "asyncio+uvloop": [20.0, 22.1, 20.1, 22.0, 20.1],
    "asyncio-protocol": [20.1, 22.0, 20.0, 22.1, 20.0],
    "trio": [60.0, 66.3, 60.1, 66.0, 60.2],
}
COPIES = {"native": [10.1, 10.9, 10.1, 10.9, 10.1]}

CHECKS = (
    Check("echo-hello", "bytes", Level.MUST, requirement="The server answers <each> client.", source="RFC 862"),
    Check("half-close", "connection end", Level.MUST, requirement="The server closes.", source="RFC 9293"),
    Check("connect-burst", "many clients", Level.SHOULD, requirement="The server accepts all.", source="listen(2)"),
    Check("memory-per-connection", "resources", Level.INFO, requirement="What a client needs.", source="proc(5)"),
)
LEVELS = {one.id: one.level for one in CHECKS}
WIRE = Wire((Event(0.001, "client 1: connected"), Event(0.123, "client 1: still <open>")), omitted=7)
EXPLANATION = Explanation(
    "FIN", "still open", wire=WIRE, stderr=("Traceback",), repeat="upecho check x --check half-close"
)


def outcome(check: str, target: str, family: str = "inet", **more: Any) -> Outcome:
    made = Outcome(target, Family(family), check, LEVELS[check], verdict=Verdict.PASSED, seconds=0.5)
    return dataclasses.replace(made, **more)


def passing(target: str, family: str = "inet", kib: float = 8.25) -> list[Outcome]:
    """Return the outcomes of a target that passes everything."""
    recorded = {"memory-per-connection": Recorded(kib, "KiB")}
    return [outcome(check, target, family, recorded=recorded.get(check)) for check in LEVELS]


def failing(target: str, family: str = "inet") -> list[Outcome]:
    """Return the outcomes of a target that fails a check, after which another one is not run."""
    return [
        outcome("echo-hello", target, family),
        outcome("half-close", target, family, verdict=Verdict.FAILED, explanation=EXPLANATION),
        outcome("connect-burst", target, family, verdict=Verdict.NOT_RUN, cause="time", follows_from=("half-close",)),
        outcome("memory-per-connection", target, family, verdict=Verdict.UNSUPPORTED, unsupported="no memory"),
    ]


def document(outcomes: Sequence[Outcome], python: str = "CPython 3.14.0", **more: Any) -> Document:
    made = Document.of(outcomes, len(outcomes), checks=CHECKS, **more)
    return dataclasses.replace(made, python=python, platform="Linux", upecho="1")


def results(**more: Any) -> Results:
    """Return a run over two families, in which differences are larger than chance explains."""
    return run(COSTS, families=("inet", "unix"), copies=COPIES, **more)


def verdicts() -> Document:
    outcomes = [one for family in ("inet", "unix") for one in passing("asyncio", family)]
    outcomes += [one for family in ("inet", "unix") for one in failing("asyncio+rloop", family)]
    return document([*outcomes, *passing("trio")], unusable={"twisted+x": "no module x"})


def full_page() -> Page:
    return page(Inputs({"results.json": results()}, {"verdicts.json": verdicts()}))


def with_causes(made: Results, **use: int) -> Results:
    """Return results whose servers also tell the causes of their costs.

    Args:
        made: The results.
        use: What the servers have used besides.
    """
    trials = []
    for one in made.trials:
        assert one.load
        assert one.load.server
        server = dataclasses.replace(one.load.server, **use)
        calls = SystemCalls(3000, 1000, Method.COUNTER)
        trials.append(dataclasses.replace(one, load=dataclasses.replace(one.load, server=server), system_calls=calls))
    return dataclasses.replace(made, trials=tuple(trials))


def page_of(*runs: Results) -> Page:
    return page(Inputs({f"run-{number}.json": one for number, one in enumerate(runs, 1)}, {}))


def of_scenarios(costs: dict[str, dict[int, float]], rounds: int = 4) -> Results:
    """Return a run of loads that differ in the size of the messages only.

    Args:
        costs: For each family, the CPU time per request in microseconds by message size.
        rounds: Number of rounds.
    """
    base = run({"asyncio": [1.0] * rounds})
    trials, requested, scenarios = [], [], {}
    for family, by_size in costs.items():
        for size, cost in by_size.items():
            name = f"chat-{size}"
            scenarios[name] = dataclasses.replace(CHAT, name=name, message_size=size)
            here = cell("asyncio", family, name)
            requested.append(RequestedCell(here))
            measured = run({"asyncio": [cost] * rounds}).trials
            trials += [dataclasses.replace(trial, cell=here) for trial in measured]
    return dataclasses.replace(
        base, scenarios=tuple(scenarios.values()), requested=tuple(requested), trials=tuple(trials)
    )


def over_load(rounds: int = 4) -> Results:
    """Return a run of a latency curve with two loads."""
    points = curve("open-loop", 64, message_size=1024, shares=(50, 10))
    made = run({"native": [10.0] * rounds}, families=("inet",))
    cells = [cell("native", "inet", point.name) for point in points]
    trials = [dataclasses.replace(trial, cell=here) for here in cells for trial in made.trials]
    return dataclasses.replace(made, scenarios=points, requested=tuple(map(RequestedCell, cells)), trials=tuple(trials))


def on_pythons() -> Results:
    """Return a run of one server on three Pythons, one of them free-threaded."""
    pythons = {"3.13.0": 40.0, "3.14.0": 30.0, "3.14.0 free-threaded": 33.0}
    base = run({"native": COSTS["native"]}, families=("inet",))
    trials, requested = list(base.trials), list(base.requested)
    for python, cost in pythons.items():
        here = cell("asyncio", "inet", python=python)
        requested.append(RequestedCell(here))
        measured = run({"asyncio": [cost, cost * 1.1, cost, cost * 1.12]}, families=("inet",)).trials
        trials += [dataclasses.replace(trial, cell=here) for trial in measured]
    versions = {
        "3.13.0": "CPython 3.13.0",
        "3.14.0": "CPython 3.14.0",
        "3.14.0 free-threaded": "CPython 3.14.0 free-threaded",
    }
    return dataclasses.replace(base, requested=tuple(requested), trials=tuple(trials), pythons=versions)


def of_many_servers() -> Page:
    """Return a page of more servers than one chart should begin with, on two Pythons."""
    targets, pythons = (
        [f"module:s{number}" for number in range(25)],
        {"3.13.0": "CPython 3.13.0", "3.14.0": "CPython 3.14.0"},
    )
    base = run({"native": COSTS["native"]}, families=("inet",))
    cells = [cell(target, "inet", python=python) for target in targets for python in pythons]
    trials = [dataclasses.replace(trial, cell=here) for here in cells for trial in base.trials]
    made = dataclasses.replace(base, requested=tuple(map(RequestedCell, cells)), trials=tuple(trials), pythons=pythons)
    return page_of(made)


def everything() -> Page:
    """Return a page that has every section and every chart."""
    sizes = of_scenarios({"inet": {64: 10.0, 1024: 12.0, 65536: 20.0}, "unix": {64: 8.0, 1024: 11.0, 65536: 25.0}})
    runs = {
        "field": with_causes(results(), voluntary_switches=1500, involuntary_switches=250),
        "sizes": sizes,
        "load": over_load(),
        "pythons": on_pythons(),
    }
    inputs = Inputs(
        {f"{name}.json": one for name, one in runs.items()},
        {"verdicts.json": verdicts()},
        {"claims.toml": (publication(),)},
    )
    earlier = Bases(
        (bases.Pair("field-1.json", "field.json", earlier_results(), runs["field"]),),
        (bases.Pair("verdicts-1.json", "verdicts.json", earlier_verdicts(), verdicts()),),
    )
    return page(inputs, bases=earlier)


def publication() -> Publication:
    """Return a source with a claim that was measured, one that was not, and one that is not comparable."""
    pair = Pair("asyncio+uvloop", "asyncio", "chat", Family.INET)
    claims = (
        _claim("uvloop to asyncio", pair),
        _claim("rloop to uvloop", dataclasses.replace(pair, a="asyncio+rloop", b="asyncio+uvloop")),
        _claim("uvloop to asyncio under HTTP", None),
    )
    texts = [field.name for field in dataclasses.fields(Publication) if field.name not in ("title", "source", "claims")]
    stated = {name: f"as <stated> about {name}" for name in texts}
    return Publication(title="A blog", source="https://example.org/blog?a=1&b=2", claims=claims, **stated)


def _claim(claim: str, measure: Pair | None) -> Claim:
    comparable = Comparable.IN_PART if measure else Comparable.NO
    return Claim(claim, "2 to 4", "400 and 100", "10 clients", comparable, "The client differs.", measure)


def earlier_results() -> Results:
    """Return a run of another machine, in which trio cost less, uvloop more, and asyncio a trifle less."""
    costs = dict(COSTS, trio=[0.8 * cost for cost in COSTS["trio"]], gone=COSTS["trio"])
    costs["asyncio"] = [0.999 * cost for cost in COSTS["asyncio"]]
    costs["asyncio+uvloop"] = [1.3 * cost for cost in COSTS["asyncio+uvloop"]]
    machine = dataclasses.replace(MACHINE, cpu="B CPU", started="2025-01-01", upecho="0.9")
    return run(costs, families=("inet", "unix"), copies=COPIES, environment=machine)


def earlier_verdicts() -> Document:
    """Return verdicts of which one was mended since, one got worse over both families, and two are not comparable."""
    outcomes = [one for family in ("inet", "unix") for one in passing("asyncio+rloop", family)]
    outcomes += [*failing("asyncio"), *passing("asyncio", "unix"), *passing("gone")]
    made = document([one for one in outcomes if one.check != "echo-hello"], python="CPython 3.13.0")
    checks = dict(made.checks)
    del checks["echo-hello"]
    checks["half-close"] = dataclasses.replace(checks["half-close"], requirement="The server <may> close.")
    return dataclasses.replace(made, checks=checks, upecho="0.9")


def saved(directory: Path, **contents: Results | Document | str | dict[str, Any]) -> list[str]:
    """Write files and return their paths; an underscore in a name stands for a hyphen."""
    paths = []
    for name, content in contents.items():
        path = directory / f"{name.replace('_', '-')}.json"
        text = content.to_json() if isinstance(content, Results | Document) else content
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        paths.append(str(path))
    return paths
