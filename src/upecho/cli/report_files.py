"""The files that ``upecho report`` writes: a page, and the charts of a Markdown page in a directory beside it."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from upecho.report.page import rendering
from upecho.report.page.model.page import Page
from upecho.report.page.rendered import Rendered, mark
from upecho.support import atomic_write
from upecho.support.errors import CallerError

HTML, MARKDOWN = ".html", ".md"
MAX_BYTES = 1_500_000  # of an HTML page, which a reader on a phone has to load as a whole


def expect_writable(output: Path) -> None:
    """Verify that a page can be written, before it is made.

    Raises:
        CallerError: The file cannot be written, or its name does not say what a page it will be.
        HarnessError: The disk is full.
    """
    if output.suffix not in (HTML, MARKDOWN):
        hint = f"its name has to end in {HTML} or {MARKDOWN}"
        raise CallerError("the format of the page is not known", subject=str(output), hint=hint)
    atomic_write.check(output)


def save(output: Path, page: Page) -> None:
    """Render a page and write it; nothing is left half-written.

    Raises:
        CallerError: A file cannot be written, or a package that the charts need is not installed.
        HarnessError: The disk is full.
    """
    if output.suffix == HTML:
        text = rendering.html(page).text
        atomic_write.save(output, text)
        if (size := len(text.encode())) > MAX_BYTES:
            advice = "make a page of fewer files if it is to be published"
            click.echo(
                f"{output} has {size / 1e6:.1f} MB, which is more than {MAX_BYTES / 1e6:g} MB; {advice}", err=True
            )
        return
    directory = output.with_name(f"{output.stem}-charts")
    _save_with_charts(output, directory, rendering.markdown(page, directory.name))


def _save_with_charts(output: Path, directory: Path, rendered: Rendered) -> None:
    charts = {directory / name: text for name, text in rendered.charts.items()}
    with atomic_write.directory(directory):
        _expect_own(charts)
        atomic_write.save_all({**charts, output: rendered.text})
        _remove_stale(directory, charts)


def _expect_own(charts: Mapping[Path, str]) -> None:
    """Make sure that no file of others is replaced."""
    for path in charts:
        if path.exists() and not _is_own(path):
            raise CallerError(
                "it exists and was not made by upecho report", subject=f"cannot write {path}", hint="move it away"
            )


def _remove_stale(directory: Path, charts: Iterable[Path]) -> None:
    """Remove the charts of an earlier page, and nothing else."""
    for path in set(directory.glob("*.svg")) - set(charts):
        if _is_own(path):
            try:
                path.unlink()
            except OSError as error:
                raise CallerError(str(error.strerror), subject=f"cannot remove {path}") from None


def _is_own(path: Path) -> bool:
    """Whether a file is a chart that upecho has written under this name."""
    beginning = mark(path.name).encode()
    try:
        with path.open("rb") as file:
            return not path.is_symlink() and file.read(len(beginning)) == beginning
    except OSError:
        return False
