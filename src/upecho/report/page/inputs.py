"""Reads the files that a page is made from, and makes sure that they belong together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from upecho.conformance.run.verdicts import document as verdicts
from upecho.conformance.run.verdicts.document import Document
from upecho.measure import results as measured
from upecho.measure.environment import Environment
from upecho.measure.results import Results
from upecho.report.published.claims import Publication, is_claims_file, publications
from upecho.support import json_document
from upecho.support.errors import CallerError

KIND = f"{measured.FORMAT.name} or {verdicts.FORMAT.name}"


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
        if name in results or name in found or name in claims:
            raise CallerError(
                "the page names its sources by file name; rename one of them", subject=f"two files {name}"
            )
        if is_claims_file(path):
            claims[name] = publications(path)
            continue
        with json_document.naming(path):
            content = json_document.read(path, KIND)
            match json_document.schema_of(content):
                case measured.FORMAT.schema:
                    results[name] = Results.from_document(content)
                case verdicts.FORMAT.schema:
                    found[name] = Document.from_document(content)
                case _:
                    raise CallerError(
                        "it was not written by upecho bench --save or upecho check --json", subject=f"not a {KIND}"
                    )
    _expect_one_machine(results)
    _expect_one_engine(results)
    _expect_distinct(found)
    return Inputs(results, found, claims, {path.name: path for path in paths})


def _expect_one_machine(results: Mapping[str, Results]) -> None:
    machines = {name: _machine(one.environment) for name, one in results.items()}
    _expect_same(machines, "figures of different machines are not comparable; make a page for each machine")


def _machine(here: Environment) -> str:
    cores = here.cores
    engine, servers = (",".join(map(str, numbers)) or "any" for numbers in (cores.engine, cores.servers))
    return f"{here.cpu}, {here.system}, engine on core {engine} and servers on {servers} of {here.core_count}"


def _expect_one_engine(results: Mapping[str, Results]) -> None:
    engines = {name: engine for name, one in results.items() for engine in [_engine(one)]}
    hint = "figures of different load engines are not comparable; measure again with one --engine"
    if mixed := next((name for name, engine in engines.items() if "," in engine), None):
        raise CallerError(f"one run was measured with the load engines {engines[mixed]}", subject=mixed, hint=hint)
    _expect_same(engines, hint)


def _engine(results: Results) -> str:
    engines = {trial.load.engine for trial in results.trials if trial.load}
    return ", ".join(sorted(engines)) or results.window.engine


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
