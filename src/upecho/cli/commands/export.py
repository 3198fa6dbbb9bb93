"""``upecho export``: the figures of a saved run in the formats of tools that show how they change over time."""

import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from upecho.measure.results import read_results
from upecho.measure.statistics.summary import Summary
from upecho.report.export.asv import BENCHMARKS, BENCHMARKS_VERSION, Commit, asv
from upecho.report.export.github_action_benchmark import github_action_benchmark
from upecho.support import atomic_write, json_document
from upecho.support.errors import CallerError
from upecho.support.text import plural

GITHUB_ACTION_BENCHMARK, ASV = "github-action-benchmark", "asv"
HASH = re.compile("[0-9a-f]{40}(?:[0-9a-f]{24})?")  # SHA-1 or SHA-256


@click.command()
@click.argument("file", metavar="FILE.json", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "kind",
    type=click.Choice([GITHUB_ACTION_BENCHMARK, ASV]),
    required=True,
    help="Format to write; for github-action-benchmark, that of its tool customSmallerIsBetter.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="PATH",
    help="File to write; for asv, the results directory (results_dir in asv.conf.json).",
)
@click.option(
    "--commit",
    metavar="HASH",
    help="Commit of the project whose servers were measured, as git rev-parse HEAD prints it; for asv only.",
)
@click.option(
    "--commit-date",
    metavar="DATE",
    help="Date of that commit, as git show -s --format=%cI HEAD prints it; for asv only.",
)
def command(file: Path, kind: str, output: Path, commit: str | None, commit_date: str | None) -> int:
    """Export the figures of a run that upecho bench --save has saved, for charts of how they change over time.

    \b
    upecho export new.json --format github-action-benchmark --output bench.json
    upecho export new.json --format asv --output results \\
        --commit "$(git rev-parse HEAD)" \\
        --commit-date "$(git show -s --format=%cI)"

    For each server, family and scenario, two figures are exported: the cost of a request, and its ratio to the cost of
    the reference. If not all runs are made on the same machine, watch the ratio, because a slower machine makes the
    reference slower, too. A server without figures is left out.

    Exit status: 0 if the figures were written; 2 if the file cannot be read, has no figures, or an option is wrong.
    """  # noqa: D301 (\b is click's mark for lines that stay as they are)
    if kind == ASV:
        measured = _commit(commit, commit_date)
    elif commit is not None or commit_date is not None:
        raise CallerError(f"--commit and --commit-date are for --format {ASV}")
    summary = Summary.of(read_results(file))
    if not any(row.figures for row in summary.rows):
        raise CallerError("the run has no figures", subject=str(file))
    if kind == ASV:
        summary.results.expect_timed(f"--format {ASV}")
        _save_for_asv(summary, measured, output)
    else:
        atomic_write.save(output, github_action_benchmark(summary))
    _report_limits(summary)
    return 0


def _commit(commit: str | None, date: str | None) -> Commit:
    if commit is None or date is None:
        raise CallerError(f"--format {ASV} needs --commit and --commit-date")
    if not HASH.fullmatch(commit):
        raise CallerError(f"--commit is {commit!r}; it must be a full hash, as git rev-parse HEAD prints it")
    try:
        parsed = datetime.fromisoformat(date)
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        right = "a date with time and time zone, as git show -s --format=%cI prints it"
        raise CallerError(f"--commit-date is {date!r}; it must be {right}")
    return Commit(commit, parsed)


def _save_for_asv(summary: Summary, commit: Commit, directory: Path) -> None:
    """Write the files to asv's results directory, which is created if it does not exist."""
    for path, text in asv(summary, commit, known=_known_benchmarks(directory / BENCHMARKS)).items():
        file = directory / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CallerError(str(error.strerror), subject=f"cannot create {file.parent}") from None
        atomic_write.save(file, text)


def _known_benchmarks(file: Path) -> dict[str, Any]:
    """Return the benchmarks that earlier runs, or asv itself, have described in the directory."""
    if not file.exists():
        return {}
    name = f"file of benchmarks of asv, version {BENCHMARKS_VERSION}"
    with json_document.naming(file):
        content = json_document.read(file, name)
        if not isinstance(content, dict) or content.get("version") != BENCHMARKS_VERSION:
            raise CallerError(f"not a {name}", hint="run asv update, or choose another directory")
        return content


def _report_limits(summary: Summary) -> None:
    """Report what is not in the exported figures, and what makes them doubtful."""
    if missing := sum(not row.figures for row in summary.rows):
        without = "it has" if missing == 1 else "they have"
        print(f"left out {plural(missing, 'cell')}, because {without} no figures", file=sys.stderr)
    if summary.claims.is_too_busy:
        disturbed = f"{summary.claims.disturbed:.0%}"
        print(f"{disturbed} of the trials were disturbed: the machine was too busy for conclusions", file=sys.stderr)
