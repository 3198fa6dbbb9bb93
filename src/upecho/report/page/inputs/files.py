"""Reads the files that a page is made from, and makes sure that they belong together."""

import itertools
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from upecho.conformance.run.verdicts.document import Document
from upecho.measure.cores import named, ranges
from upecho.measure.environment import Environment
from upecho.measure.results import Results
from upecho.report.published.claims import Publication, is_claims_file, publications
from upecho.report.saved_runs import read_run
from upecho.support import json_document
from upecho.support.errors import CallerError


@dataclass(frozen=True)
class Inputs:
    """The content of files, keyed by their names.

    Attributes:
        results: Saved runs of upecho bench.
        verdicts: Verdicts of upecho check.
        claims: What others have published.
        paths: Where the files are.
    """

    results: Mapping[str, Results]
    verdicts: Mapping[str, Document]
    claims: Mapping[str, tuple[Publication, ...]] = field(default_factory=dict)
    paths: Mapping[str, Path] = field(default_factory=dict)


def read(paths: Sequence[Path]) -> Inputs:
    """Read files of results, of verdicts and of published claims, in any order.

    Raises:
        CallerError: A file cannot be read, is something else, or does not belong on a page with the others.
    """
    results: dict[str, Results] = {}
    found: dict[str, Document] = {}
    claims: dict[str, tuple[Publication, ...]] = {}
    for path in paths:
        name = path.name
        expect_unused(name, (*results, *found, *claims))
        if is_claims_file(path):
            claims[name] = publications(path)
            continue
        content = read_run(path)
        if isinstance(content, Results):
            with json_document.naming(path):
                content.expect_timed("a page")
            results[name] = content
        else:
            found[name] = content
    _expect_one_machine(results)
    _expect_one_engine(results)
    _expect_distinct_runs(results)
    _expect_distinct(found)
    return Inputs(results, found, claims, {path.name: path for path in paths})


def expect_unused(name: str, names: Container[str]) -> None:
    """Make sure that no other file of a page has a name.

    Raises:
        CallerError: Another one has.
    """
    if name in names:
        raise CallerError(
            "the page names its sources by file name; leave one of them out, or rename it",
            subject=f"two files {name}",
        )


def _expect_one_machine(results: Mapping[str, Results]) -> None:
    machines = {name: _machine(one.environment) for name, one in results.items()}
    _expect_same(machines, "figures of different machines are not comparable; make a page for each machine")


def _machine(here: Environment) -> str:
    engine, servers = named(here.cores.engine), ranges(here.cores.servers) or "any"
    return f"{here.cpu}, {here.system}, engine on {engine} and servers on {servers} of {here.core_count}"


def _expect_one_engine(results: Mapping[str, Results]) -> None:
    engines = {name: one.window.engine for name, one in results.items()}
    _expect_same(engines, "figures of different load engines are not comparable; measure again with one --engine")


def _expect_distinct_runs(results: Mapping[str, Results]) -> None:
    for (name, one), (other_name, other) in itertools.combinations(results.items(), 2):
        if one == other:
            raise CallerError(
                "both contain the same run", subject=f"{name} and {other_name}", hint="leave one of them out"
            )


def _expect_same(values: Mapping[str, str], hint: str) -> None:
    names = list(values)
    for name in names[1:]:
        if values[name] != values[names[0]]:
            raise CallerError(
                f"one was measured with {values[names[0]]}, the other with {values[name]}",
                subject=f"{names[0]} and {name}",
                hint=hint,
            )


def _expect_distinct(documents: Mapping[str, Document]) -> None:
    """Make sure that no two files contain verdicts on one target with one Python: a cell shows one verdict."""
    owners: dict[tuple[str, str], str] = {}
    for name, target, python in _judged(documents):
        owner = owners.setdefault((target, python), name)
        if owner != name:
            raise CallerError(
                f"both contain verdicts on {target} with {python}",
                subject=f"{owner} and {name}",
                hint="leave one of them out",
            )


def _judged(documents: Mapping[str, Document]) -> Iterator[tuple[str, str, str]]:
    for name, document in documents.items():
        for one in document.verdicts:
            yield name, one.target, document.python
