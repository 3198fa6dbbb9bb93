"""Configuration of the documentation site, which ``tox -e docs`` builds with warnings as errors."""

import itertools
import re
from pathlib import Path

import click
from sphinx.application import Sphinx
from sphinx.util import logging

from upecho import __version__

DOCS = Path(__file__).parent
ROOT = DOCS.parent
REPOSITORY = "https://github.com/upecho/upecho"
RELATIVE_LINK = re.compile(r"\]\((\.\./[^)\s#]+)([^)\s]*)\)")

BAR = "| "  # how sphinx-click begins a line that must not be wrapped

project = "upecho"
author = "The upecho developers"
copyright = "The upecho developers"  # noqa: A001 (Sphinx's name)
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click"]
exclude_patterns = ["_build"]
nitpicky = True
# The standard library's documentation could only be linked to with a network.
nitpick_ignore_regex = [("py:class", r"collections\.abc\..*")]
highlight_language = "none"
smartquotes = False  # would turn -- into a dash
default_role = "code"  # the role of `text` in the help of a command
# The same anchors as on GitHub, so that links work in both places.
myst_heading_anchors = 4
autodoc_member_order = "bysource"
# So upecho need not be installed, nor its extension be built: pages are made from what modules and options say.
autodoc_mock_imports = ["pytest", "rich"]
# The attributes of a class are described in its docstring, with their units, so the signature names them only.
autodoc_typehints = "none"
napoleon_use_ivar = True
add_module_names = False
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = "upecho"
html_theme_options = {
    "source_repository": REPOSITORY,
    "source_branch": "main",
    "source_directory": "docs/",
}
# GitHub answers requests of programs to most of its pages with an error if there are many of them.
linkcheck_retries = 3
linkcheck_anchors_ignore_for_url = [r"https://github\.com/.*"]  # GitHub adds the anchors by a script


def link_to_repository(_app: Sphinx, page: str, content: list[str]) -> None:
    """Turn links to files outside of the site, which work in a checkout and on GitHub, into links to the repository."""

    def target(link: re.Match[str]) -> str:
        path = (DOCS / page).parent.joinpath(link[1]).resolve()
        if path.is_relative_to(DOCS):
            return link[0]
        if not path.exists():
            logging.getLogger(__name__).warning("no such file: %s", link[1], location=page)
        kind = "tree" if path.is_dir() else "blob"
        return f"]({REPOSITORY}/{kind}/main/{path.relative_to(ROOT)}{link[2]})"

    content[0] = RELATIVE_LINK.sub(target, content[0])


def keep_lines(_app: Sphinx, _context: click.Context, lines: list[str]) -> None:
    """Show the lines that ``--help`` does not wrap, such as examples, as they are there, with all spaces."""
    kept: list[str] = []
    for before, line in itertools.pairwise(["", *lines]):
        if line.startswith(BAR) and not before.startswith(BAR):
            kept += ["::", ""]
        kept.append(f"   {line.removeprefix(BAR)}" if line.startswith(BAR) else line)
    lines[:] = kept


def setup(app: Sphinx) -> None:
    """Register the hooks."""
    app.connect("source-read", link_to_repository)
    for part in ("description", "epilog"):
        app.connect(f"sphinx-click-process-{part}", keep_lines)
