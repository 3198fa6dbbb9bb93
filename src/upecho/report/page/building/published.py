"""Puts claims that others have published beside what the results files of a page say about the same servers."""

from collections.abc import Iterator, Sequence

from upecho.report.benchmark.footer import rounds_of
from upecho.report.page.building.runs import Run, scenarios_of
from upecho.report.page.building.sources import machine
from upecho.report.page.model.published import Nearest, PublishedClaim, PublishedSource
from upecho.report.published.claims import Claim, Comparable, Publication
from upecho.report.published.matching import Measured, Unmeasured, find
from upecho.support.text import plural

NOT_COMPARABLE, NOT_MEASURED = "not comparable", "not measured"


def published(publications: Sequence[Publication], runs: Sequence[Run]) -> Iterator[PublishedSource]:
    """Yield each publication with its claims and their measurements.

    Args:
        publications: The publications of all files.
        runs: Results files; for each claim, the first one that has both servers counts.
    """
    for number, one in enumerate(publications, 1):
        yield PublishedSource(
            f"published-{number}",
            one.title,
            address=one.source,
            date=one.date,
            conditions=one.conditions,
            claims=tuple(_claim(claim, runs) for claim in one.claims),
        )


def _claim(claim: Claim, runs: Sequence[Run]) -> PublishedClaim:
    found = find(claim.measure, [run.summary for run in runs]) if claim.measure else None
    return PublishedClaim(
        claim.claim,
        claim.published,
        figures=claim.figures,
        conditions=claim.conditions,
        comparable=claim.comparable,
        remark=claim.remark,
        nearest=_nearest(found, runs) if isinstance(found, Measured) else None,
        missing="" if isinstance(found, Measured) else _missing(claim, found),
    )


def _missing(claim: Claim, found: Unmeasured | None) -> str:
    if found is None or claim.comparable is Comparable.NO:
        return NOT_COMPARABLE
    return f"{NOT_MEASURED}: {found.target} {found.why}" if found.why else NOT_MEASURED


def _nearest(found: Measured, runs: Sequence[Run]) -> Nearest:
    run = next(run for run in runs if run.summary is found.summary)
    cell, python = found.a.cell, run.server(found.a.cell).python
    load = f"{scenarios_of(run)[cell.scenario].summary} over {cell.family}"
    return Nearest(
        run.name,
        cell.target,
        found.b.cell.target,
        family=cell.family,
        python=python,
        rate=found.rate,
        cpu=found.cpu,
        has_interval=found.shows_interval,
        note=found.note,
        summary=f"{load}, {python}",
        conditions={
            "servers": f"{cell.target} to {found.b.cell.target}",
            "load": f"{cell.scenario}: {load}",
            "versions": ", ".join([python, *_packages(found, run)]),
            "machine": machine(run.results.environment),
            "method": f"{plural(found.rate.samples, 'round')} with a fresh process of each server; "
            f"{rounds_of(run.results)} at most, interleaved",
            "file": run.name,
        },
    )


def _packages(found: Measured, run: Run) -> Iterator[str]:
    """Yield the packages that the names of the two targets contain, with their versions."""
    targets = (found.a.cell.target, found.b.cell.target)
    for package, version in run.results.packages.get(found.a.cell.python, {}).items():
        if any(package in target for target in targets):
            yield f"{package} {version}"
