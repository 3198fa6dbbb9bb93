"""``upecho report``: one page from saved results and verdicts."""

from pathlib import Path

import click

from upecho.report.page import bases as earlier
from upecho.report.page import inputs
from upecho.report.page.building import TITLE, page
from upecho.report.page.html.rendering import render
from upecho.support import atomic_write


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="PAGE.html",
    help="Write the page to this file; an existing one is replaced.",
)
@click.option(
    "--base",
    "bases",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="BASE",
    help="Show what changed since this earlier file of results or verdicts; may be repeated.",
)
@click.option("--title", default=TITLE, metavar="TEXT", help=f"Title of the page.  [default: {TITLE}]")
def command(files: tuple[Path, ...], output: Path, bases: tuple[Path, ...], title: str) -> int:
    """Turn saved results and verdicts into one HTML page.

    \b
    upecho bench --save results.json
    upecho check asyncio+all --json verdicts.json
    upecho report results.json verdicts.json --output report.html
    upecho report new.json --base old.json --output report.html

    FILE is what upecho bench --save or upecho check --json has written, also compressed with gzip. The page contains
    all that it needs: it opens from disk and without a network. Nothing is measured. All results have to come from one
    machine and one load engine, because other figures are not comparable.

    With --base, the page also shows what upecho compare would report. BASE is compared with the only FILE of its kind,
    or else with the one that has the same name in another directory. As for upecho compare, it may come from another
    machine, which the page then says, but not from another load engine.

    The charts need altair and vl-convert-python: pip install 'upecho[report]'.

    Exit status: 0 if the page was written; 2 if a file cannot be read or does not belong to the others, if the page
    cannot be written, or if a package is missing.
    """  # noqa: D301 (\b is click's mark for lines that stay as they are)
    atomic_write.check(output)
    found = inputs.read(files)
    atomic_write.save(output, render(page(found, title, earlier.read(bases, found))))
    return 0
