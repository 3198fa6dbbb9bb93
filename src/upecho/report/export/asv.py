"""Renders the figures of a run as files for the results directory of asv (airspeed velocity).

The formats are described in https://asv.readthedocs.io/en/stable/dev.html, "Benchmark suite layout and file formats":
``benchmarks.json`` describes the benchmarks, ``MACHINE/machine.json`` a machine, and each other file in ``MACHINE`` has
the results of one commit of the project in one environment. Each scenario is a benchmark of the cost and one of the
ratio, whose parameters are the server and the socket family.
"""

import hashlib
import itertools
import json
import math
import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import PurePath
from typing import Any

from upecho.measure.environment import Environment
from upecho.measure.plan.cells import Cell
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.results import Results
from upecho.measure.statistics.summary import Summary
from upecho.report.export.series import Quantity, Series, series
from upecho.report.figures import significant
from upecho.support.decoding import build

BENCHMARKS = PurePath("benchmarks.json")
BENCHMARKS_VERSION, MACHINE_VERSION, RESULTS_VERSION = 2, 1, 2  # of the three kinds of files
CONFIDENCE = 0.99  # of the intervals in asv's files
STATISTICS = ("stats_ci_99_a", "stats_ci_99_b", "stats_q_25", "stats_q_75", "stats_number", "stats_repeat")
COLUMNS = ("result", "params", "version", *STATISTICS)
DIGITS = 5  # significant ones, as in asv's own files
HASH_LENGTH = 8  # of a commit in the name of a file
UNITS = {Quantity.COST: "seconds", Quantity.RATIO: "times the reference"}
TYPES = {Quantity.COST: "time", Quantity.RATIO: "track"}
SCALES = {Quantity.COST: 1e-9, Quantity.RATIO: 1.0}


Key = tuple[str, str, str]  # the name of a benchmark, and the values of its parameters
Numbers = tuple[float | None, ...]  # a value and its statistics
FAILED: Numbers = (None,) * (1 + len(STATISTICS))
SKIPPED: Numbers = (math.nan, *FAILED[1:])  # the server is not to blame; asv writes and reads NaN as Python does


@dataclass(frozen=True)
class Commit:
    """The commit of the project whose servers were measured.

    Attributes:
        hash: Its full hash, in hexadecimal digits.
        date: When it was committed, with a time zone.
    """

    hash: str
    date: datetime


@dataclass(frozen=True)
class Benchmark:
    """An entry of ``benchmarks.json``.

    Attributes:
        name: Its name, whose parts are separated by dots.
        code: What it measures; asv shows this as its code.
        param_names: Names of the parameters.
        params: Values of each parameter, as Python would print them.
        type: What kind of number it is, in asv's words.
        unit: Unit of the numbers.
        version: What the numbers depend on; asv does not show results of another version.
    """

    name: str
    code: str
    param_names: tuple[str, ...]
    params: tuple[tuple[str, ...], ...]
    type: str
    unit: str
    version: str

    def with_params_of(self, other: object) -> "Benchmark":
        """Return the benchmark with the parameters that an earlier file knows as well, so that they stay visible.

        Args:
            other: The entry of an earlier file, as JSON carries it.
        """
        try:
            old = build(Benchmark, other, ignore_unknown=True)
        except ValueError:  # it was written by something else
            return self
        same = (old.version, old.param_names, len(old.params)) == (self.version, self.param_names, len(self.params))
        if not same:
            return self
        pairs = zip(old.params, self.params, strict=True)
        return replace(self, params=tuple(tuple(dict.fromkeys([*first, *second])) for first, second in pairs))


def asv(summary: Summary, commit: Commit, *, known: Mapping[str, Any]) -> dict[PurePath, str]:
    """Return the texts of the files, by their paths in the results directory.

    Args:
        summary: The run.
        commit: The commit whose servers were measured.
        known: The content of the ``benchmarks.json`` that is already there; empty if there is none.
    """
    here = summary.results.environment
    benchmarks = _benchmarks(summary)
    merged = {name: asdict(one.with_params_of(known.get(name))) for name, one in benchmarks.items()}
    directory = PurePath(machine_name(here))
    file = directory / f"{commit.hash[:HASH_LENGTH]}-{_environment_name(here)}.json"
    return {
        BENCHMARKS: _json({**known, **merged, "version": BENCHMARKS_VERSION}),
        directory / "machine.json": _json(_machine(here) | {"version": MACHINE_VERSION}),
        file: _json(_results(summary, commit, benchmarks)),
    }


def machine_name(here: Environment) -> str:
    """Return what identifies a machine: not its host name, which changes from job to job where machines are rented."""
    return _plain(f"{here.cpu} {here.core_count} cores")


def _benchmarks(summary: Summary) -> dict[str, Benchmark]:
    """Return the benchmarks of a run, by name; their parameters are those of the cells that were requested."""
    results = summary.results
    measured = {(one.row.cell.scenario, one.quantity): one.figures.cpu_ns is not None for one in series(summary)}
    scenarios = {scenario.name: scenario for scenario in results.scenarios}
    found = (
        _benchmark(scenarios[name], quantity, results=results, cpu=cpu) for (name, quantity), cpu in measured.items()
    )
    return {one.name: one for one in found}


def _benchmark(scenario: Scenario, quantity: Quantity, *, results: Results, cpu: bool) -> Benchmark:
    cells = [one.cell for one in results.requested if one.cell.scenario == scenario.name]
    what = "CPU time of the server per request" if cpu else "elapsed time per request"
    if quantity is Quantity.RATIO:
        what += f", relative to {results.reference.label} in the same round"
    return Benchmark(
        name=_name(scenario.name, quantity),
        code=f"{what}\n{scenario.summary}\nupecho bench --scenario {scenario.title}",
        param_names=("server", "family"),
        params=(_params([cell.label for cell in cells]), _params([cell.family for cell in cells])),
        type=TYPES[quantity],
        unit=UNITS[quantity],
        version=_version(scenario, results.window.engine, what=what),
    )


def _results(summary: Summary, commit: Commit, benchmarks: Mapping[str, Benchmark]) -> dict[str, Any]:
    here = summary.results.environment
    values = _values(summary)
    return {
        "version": RESULTS_VERSION,
        "commit_hash": commit.hash,
        "env_name": _environment_name(here),
        "date": round(commit.date.timestamp() * 1000),  # as JavaScript counts time
        "params": _machine(here) | {"python": here.python},
        "python": here.python,
        "requirements": dict(summary.results.packages.get("", {})),
        "env_vars": {},
        "durations": {},
        "result_columns": COLUMNS,
        "results": {name: _columns(one, values) for name, one in benchmarks.items()},
    }


def _values(summary: Summary) -> dict[Key, Numbers]:
    """Return the value and the statistics of each cell, by the name of the benchmark and the parameters."""
    values = {}
    for row in summary.rows:
        for quantity in Quantity:
            values[_key(row.cell, quantity)] = FAILED if row.target_failed else SKIPPED
    return values | {_key(one.row.cell, one.quantity): _numbers(one) for one in series(summary)}


def _key(cell: Cell, quantity: Quantity) -> Key:
    return _name(cell.scenario, quantity), _param(cell.label), _param(cell.family)


def _columns(benchmark: Benchmark, values: Mapping[Key, Numbers]) -> list[Any]:
    """Return the columns of a benchmark; those of values are lists with an item for each combination of parameters."""
    servers, families = benchmark.params
    keys = ((benchmark.name, *params) for params in itertools.product(servers, families))
    results, *stats = zip(*(values.get(key, SKIPPED) for key in keys), strict=True)
    return [results, benchmark.params, benchmark.version, *stats]


def _numbers(one: Series) -> Numbers:
    """Return the value and its statistics, in the order of the columns."""
    interval, samples = one.interval(CONFIDENCE), [math.exp(log) for log in one.logs]
    ends = (interval.low, interval.high) if math.isfinite(interval.high) else (math.nan, math.nan)
    first, _, third = statistics.quantiles(samples, method="inclusive") if len(samples) > 1 else samples * 3
    scaled = [significant(SCALES[one.quantity] * number, DIGITS) for number in (one.value, *ends, first, third)]
    return (*(None if math.isnan(number) else number for number in scaled), 1, len(samples))


def _machine(here: Environment) -> dict[str, str]:
    return {
        "machine": machine_name(here),
        "os": here.system,
        "cpu": here.cpu,
        "num_cpu": str(here.core_count),
    }


def _name(scenario: str, quantity: Quantity) -> str:
    return f"upecho.{_plain(scenario)}.{quantity}"


def _version(scenario: Scenario, engine: str, *, what: str) -> str:
    """Return what changes if the numbers of two runs cannot be compared: the load, the engine, or what is measured."""
    load = asdict(scenario)
    for field in fields(scenario):
        if load[field.name] == field.default:  # so that a version stays the same when loads get another property
            del load[field.name]
    parts = [load, engine, what]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _environment_name(here: Environment) -> str:
    return _plain(f"upecho {here.python}")


def _params(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(_param, values)))


def _param(value: str) -> str:
    """Return the value of a parameter as asv keeps it."""
    return repr(str(value))


def _plain(text: str) -> str:
    """Return text with nothing that has a meaning in the path of a file, or in the name of a benchmark."""
    return re.sub("[^A-Za-z0-9_]+", "-", text).strip("-").lower()


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1) + "\n"
