"""Makes the model of a page from the content of files."""

from itertools import chain

from upecho.measure.results import Results
from upecho.measure.statistics.summary import Summary
from upecho.report.page import claims, curves, sources
from upecho.report.page.bases import Bases
from upecho.report.page.changes import changes
from upecho.report.page.conformance import conformance
from upecho.report.page.inputs import Inputs
from upecho.report.page.model import Claim, Page
from upecho.report.page.runs import Run, sections

TITLE = "upecho: what Python socket servers cost, and how they behave"
NO_BASES = Bases()


def page(inputs: Inputs, title: str = TITLE, bases: Bases = NO_BASES) -> Page:
    """Return everything that a page about some files shows.

    Args:
        inputs: Content of the files.
        title: Title of the page.
        bases: Earlier runs that those of the files are compared with.

    Raises:
        CallerError: Two runs cannot be compared.
    """
    runs = [_run(name, results, len(inputs.results) > 1) for name, results in inputs.results.items()]
    found = conformance(list(inputs.verdicts.values()))
    sizes = tuple(chain.from_iterable(map(curves.size_curves, runs)))
    crossings = tuple(chain.from_iterable(map(curves.crossings, runs)))
    return Page(
        title,
        claims=(
            *chain.from_iterable(map(claims.of_run, runs)),
            *(Claim("message size", sentence, "sizes") for sentence in crossings),
            *claims.of_conformance(found),
        ),
        sections=tuple(chain.from_iterable(map(sections, runs))),
        load_curves=tuple(chain.from_iterable(map(curves.load_curves, runs))),
        size_curves=sizes,
        crossings=crossings,
        comparisons=tuple(chain.from_iterable(map(curves.comparisons, runs))),
        cautions=tuple(chain.from_iterable(map(sources.cautions, runs))),
        conformance=found,
        sources=(
            *map(sources.of_run, runs),
            *(sources.of_document(name, document) for name, document in inputs.verdicts.items()),
        ),
        changes=changes(bases),
    )


def _run(name: str, results: Results, is_one_of_several: bool) -> Run:
    return Run(name, label=name if is_one_of_several else "", summary=Summary.of(results))
