"""Renders files as one HTML page. The extra ``report`` of upecho installs what draws the charts."""

from upecho.report.page.model import Page
from upecho.support.errors import CallerError


def render(page: Page) -> str:
    """Return a page as HTML, with charts.

    Raises:
        CallerError: A package that the charts need is not installed.
    """
    try:
        import vl_convert  # noqa: PLC0415 (an extra, and slow)

        from upecho.report.page.html import document  # noqa: PLC0415 (imports altair, which belongs to the same extra)
    except ModuleNotFoundError as error:
        if error.name not in ("altair", "vl_convert"):
            raise
        hint = "install them with pip install 'upecho[report]'"
        raise CallerError(
            f"the package {error.name} is not installed", subject="charts need altair and vl-convert-python", hint=hint
        ) from None
    return document.document(page, library=vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed"))
