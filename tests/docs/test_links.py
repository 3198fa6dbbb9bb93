"""Links from one file of the repository to another, in README.md and in all other Markdown that people write."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.docs.pages import PAGES

pytestmark = pytest.mark.once

OTHERS = ("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "reports/README.md")
FILES = sorted({*PAGES, *map(Path, OTHERS), *Path("reports/findings").glob("*.md")})
PARSER = MarkdownIt().enable("table")


def links(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        yield from links(token.children or [])
        if token.type == "link_open":
            yield str(token.attrs["href"])


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    tokens = PARSER.parse(page.read_text())
    headings = [tokens[number + 1].content for number, one in enumerate(tokens) if one.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", FILES, ids=str)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(PARSER.parse(page.read_text())):
        if not re.match(r"\w+:", link):
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), f"{page}: {link}"
            assert not anchor or anchor in anchors(target), f"{page}: {link}"
