"""``upecho report``: one page, or text for a terminal, from saved results and verdicts."""

from pathlib import Path

import click

from upecho.cli import report_files
from upecho.cli.console import console
from upecho.report.page.building.page import TITLE, page
from upecho.report.page.inputs import bases as earlier
from upecho.report.page.inputs import files as inputs
from upecho.report.page.text.document import document
from upecho.support.errors import CallerError


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="PAGE",
    help="Write the page to this file; an existing one is replaced. The suffix of its name selects "
    "the format: .html or .md.",
)
@click.option(
    "--base",
    "bases",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="BASE",
    help="Show what changed since this earlier file of results or verdicts; may be repeated.",
)
@click.option("--text", is_flag=True, help="Show the report on the terminal, without charts.")
@click.option("--title", default=TITLE, metavar="TEXT", help=f"Title of the page.  [default: {TITLE}]")
def command(files: tuple[Path, ...], output: Path | None, bases: tuple[Path, ...], text: bool, title: str) -> int:
    """Turn saved results, verdicts and published claims into one page, or into text for a terminal.

    \b
    upecho bench --save results.json
    upecho check asyncio+all --json verdicts.json
    upecho report results.json verdicts.json --output report.html
    upecho report results.json verdicts.json --text
    upecho report new.json --base old.json --output report.html

    FILE is what upecho bench --save or upecho check --json has written, also compressed with gzip, or a file of
    published claims like reports/claims.toml, which are shown beside what was measured. Nothing is measured. All
    results have to come from one machine and one load engine, because other figures are not comparable.

    An HTML page contains all that it needs: it opens from disk and without a network. It links to the files. A Markdown
    page is made for the front page of a repository. Its charts are SVG files in a directory beside it, PAGE-charts;
    charts of an earlier page are removed from there, and other files stay.

    With --base, the page also shows what upecho compare would report. BASE is compared with the FILE of the same
    kind; if there are several, with the one of the same file name. BASE may come from another machine, which the page
    then says, but not from another load engine.

    The charts need altair and vl-convert-python: pip install 'upecho[report]'. The text needs neither.

    Exit status: 0 if the page was written and the text shown; 2 if a file cannot be read or does not belong to the
    others, if the page cannot be written there, or if a package is missing; 3 if the disk is full.
    """  # noqa: D301 (\b is click's mark for lines that stay as they are)
    if output is None and not text:
        raise CallerError("no output was requested", hint="add --output PAGE.html, --output PAGE.md or --text")
    if output:
        report_files.expect_writable(output)
    found = inputs.read(files)
    made = page(found, title, directory=output.parent if output else None, bases=earlier.read(bases, found))
    if output:
        report_files.save(output, made)
    if text:
        terminal = console()
        terminal.print(document(made, terminal.width), crop=False)
    return 0
