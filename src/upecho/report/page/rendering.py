"""Renders a page as HTML or as Markdown. The extra ``report`` of upecho installs what draws the charts of both."""

from collections.abc import Iterator
from contextlib import contextmanager

from upecho.report.page.model.page import Page
from upecho.report.page.rendered import Rendered
from upecho.support.errors import CallerError


def html(page: Page) -> Rendered:
    """Return a page as HTML, which contains its charts.

    Raises:
        CallerError: A package that the charts need is not installed.
    """
    with _charts_are_installed():
        import vl_convert  # noqa: PLC0415 (an extra, and slow)

        from upecho.report.page.html import document  # noqa: PLC0415 (imports altair, which belongs to the same extra)
    return Rendered(document.document(page, library=vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed")), {})


def markdown(page: Page, directory: str) -> Rendered:
    """Return a page as Markdown, with charts in SVG.

    Args:
        page: What it shows.
        directory: Name of the directory beside the page that will contain the charts.

    Raises:
        CallerError: A package that the charts need is not installed.
    """
    with _charts_are_installed():
        from upecho.report.page.markdown import document  # noqa: PLC0415 (imports altair and vl_convert)
    return document.document(page, directory)


@contextmanager
def _charts_are_installed() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in ("altair", "vl_convert"):
            raise
        hint = "install them with pip install 'upecho[report]'"
        raise CallerError(
            f"the package {error.name} is not installed", subject="charts need altair and vl-convert-python", hint=hint
        ) from None
