"""Makes the model of a page from the content of files."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from upecho.measure.statistics.summary import Summary
from upecho.report.page.building import claims, curves, sources
from upecho.report.page.building.changes import changes
from upecho.report.page.building.conformance import conformance
from upecho.report.page.building.published import published
from upecho.report.page.building.runs import Run, sections
from upecho.report.page.inputs.bases import Bases
from upecho.report.page.inputs.files import Inputs
from upecho.report.page.model.page import Claim, Page, Source

TITLE = "upecho: what Python socket servers cost, and how they behave"
NO_BASES = Bases()


def page(inputs: Inputs, title: str = TITLE, *, directory: Path | None = None, bases: Bases = NO_BASES) -> Page:
    """Return everything that a page about some files shows.

    Args:
        inputs: Content of the files.
        title: Title of the page.
        directory: Directory of the page, from which it links to the files; None stands for no links.
        bases: Earlier runs that those of the files are compared with.

    Raises:
        CallerError: Two runs cannot be compared.
    """
    labels = _labels(list(inputs.results))
    runs = [Run(name, labels[name], Summary.of(results)) for name, results in inputs.results.items()]
    found = conformance(list(inputs.verdicts.values()))
    sizes = tuple(chain.from_iterable(map(curves.size_curves, runs)))
    crossings = {run.label: tuple(curves.crossings(run)) for run in runs}
    return Page(
        title,
        claims=(
            *chain.from_iterable(map(claims.of_run, runs)),
            *(Claim("message size", one, "sizes", run=label) for label, same in crossings.items() for one in same),
            *claims.of_conformance(found),
        ),
        sections=tuple(chain.from_iterable(map(sections, runs))),
        load_curves=tuple(chain.from_iterable(map(curves.load_curves, runs))),
        size_curves=sizes,
        crossings=(
            *chain.from_iterable(crossings.values()),
            *chain.from_iterable(map(curves.ladder_conclusions, runs)),
        ),
        comparisons=tuple(chain.from_iterable(map(curves.comparisons, runs))),
        cautions=tuple(chain.from_iterable(map(sources.cautions, runs))),
        conformance=found,
        sources=tuple(_sources(inputs, runs, directory)),
        published=tuple(published(list(chain.from_iterable(inputs.claims.values())), runs)),
        changes=changes(bases),
    )


def _sources(inputs: Inputs, runs: Sequence[Run], directory: Path | None) -> Iterator[Source]:
    links = {name: sources.link(path, directory) for name, path in inputs.paths.items()} if directory else {}
    yield from (sources.of_run(run, links.get(run.name, "")) for run in runs)
    for name, document in inputs.verdicts.items():
        yield sources.of_document(name, document, links.get(name, ""))
    for name, publications in inputs.claims.items():
        yield sources.of_claims(name, publications, links.get(name, ""))


def _labels(names: Sequence[str]) -> dict[str, str]:
    """Return the names of runs on the page, by file: file names without endings if these still differ."""
    if len(names) < 2:
        return dict.fromkeys(names, "")
    short = {name: name.removesuffix(".gz").removesuffix(".json") for name in names}
    return short if len(set(short.values())) == len(names) else {name: name for name in names}
